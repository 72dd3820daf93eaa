"""Where tables are printed."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


class Screen(Console):
    """A console whose reader may leave early: `| head` is no failure."""

    def on_broken_pipe(self) -> None:
        """Let the command line end it as it ends every other command.

        Raises:
            BrokenPipeError: always.
        """
        raise BrokenPipeError

    def show(self, table: Table) -> None:
        """Print a table of which nothing is cut off: a file has room, a terminal gets lines."""
        for column in table.columns:
            column.no_wrap, column.overflow = False, "fold"
        if not self.is_terminal:
            wide = self.options.update_width(_WIDEST)
            self.width = max(self.width, Measurement.get(self, wide, table).maximum)
        self.print(table)
