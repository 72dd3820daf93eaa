"""What the store holds of a window, as values."""

from msgspec import Struct

from domain.coverage import Coverage
from domain.instrument import SeriesKey
from domain.ledger import StoredBars
from domain.query import BarWindow
from domain.timerange import RangeSet, TimeRange


class Held(Struct, frozen=True):
    """What the store holds of a window: the bars, and what is known about the rest."""

    key: SeriesKey
    span: TimeRange
    bars: StoredBars
    coverage: Coverage

    def missing(self, now: float) -> RangeSet:
        """What a provider should be asked for."""
        return self.coverage.missing(self.key.interval, now)

    def unknown(self, now: float) -> RangeSet:
        """The closed slots of which nobody knows whether there is a bar."""
        empty = RangeSet.of(hole.gap.range for hole in self.coverage.empty)
        return self.coverage.missing_slots(self.key.interval, now).subtract(empty)

    def is_lost(self, now: float) -> bool:
        """Whether bars that we once had, or were told of, are gone."""
        return bool(self.unknown(now).intersect(self.coverage.asked))


class View(Struct, frozen=True):
    """What is held of a query's window; ``short`` when a wider one would have to be asked for."""

    held: Held
    window: BarWindow
    short: bool = False

    def is_complete(self, now: float) -> bool:
        """Whether no provider has to be asked."""
        return not self.short and not self.held.missing(now)

    def is_settled(self, now: float) -> bool:
        """Whether the provider spoke for all of it; for all of the range if there is no bar."""
        is_open = self.short and not len(self.held.bars.series)
        return not is_open and not self.held.unknown(now)
