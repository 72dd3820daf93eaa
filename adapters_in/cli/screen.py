"""Where tables are printed."""

from rich.console import Console


class Screen(Console):
    """A console whose reader may leave early: `| head` is no failure."""

    def on_broken_pipe(self) -> None:
        """Let the command line end it as it ends every other command.

        Raises:
            BrokenPipeError: always.
        """
        raise BrokenPipeError
