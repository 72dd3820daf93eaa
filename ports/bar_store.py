"""The memory of the service: bars with every revision, coverage, provenance and quality."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.coverage import Coverage
from domain.instrument import SeriesKey
from domain.interval import Interval
from domain.ledger import (
    BarSlice,
    Batch,
    Provenance,
    Receipt,
    Revision,
    SeriesSummary,
    StoredBars,
)
from domain.quality import QualityReport
from domain.session_facts import SessionFacts
from domain.timerange import TimeRange


class BarStore(Protocol):
    """Bars by series. Every method may raise ``StoreUnavailable``."""

    @abstractmethod
    async def write(self, batch: Batch) -> Receipt:
        """Remember a batch in one transaction; committed when this returns.

        A bar that differs from the stored one moves the old one to the revisions; an identical
        one changes nothing, in any table, whatever the order or number of repetitions (only
        ``checked_at`` of a re-confirmed emptiness moves on).
        """

    @abstractmethod
    async def read(self, key: SeriesKey, chosen: BarSlice, as_of: int | None = None) -> StoredBars:
        """The chosen bars as they are, or as they were known at ``as_of`` (µs, not in the future).

        With ``as_of`` the answer is a pure function of the arguments: a writer that commits
        later can only have learned its bars after ``as_of``.
        """

    @abstractmethod
    async def coverage(self, key: SeriesKey, span: TimeRange, as_of: int | None = None) -> Coverage:
        """What is held, known empty and asked within ``span``."""

    @abstractmethod
    async def facts(self, key: SeriesKey, span: TimeRange) -> SessionFacts:
        """What was told of bars that open in ``span`` beyond themselves, ascending.

        What was once told of a bar stays until another value comes: an answer may lack it.
        """

    @abstractmethod
    async def series(
        self,
        instrument: str | None = None,
        interval: Interval | None = None,
        provider: str | None = None,
    ) -> Sequence[SeriesKey]:
        """The stored series that match, in their order (:attr:`SeriesKey.place`)."""

    @abstractmethod
    async def summaries(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, SeriesSummary]:
        """Each of the series that is stored, at a glance."""

    @abstractmethod
    async def bounds(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, tuple[int, int]]:
        """The opens of the oldest and newest bar of each series that has one."""

    @abstractmethod
    async def coverages(self, parts: Mapping[SeriesKey, TimeRange]) -> Mapping[SeriesKey, Coverage]:
        """As :meth:`coverage`, of many series at once: what is held now."""

    @abstractmethod
    async def revisions(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int, skip: int = 0
    ) -> Sequence[Revision]:
        """Replaced bars that open in the part of their series, but for the first ``skip``.

        In the order of ``parts``, in each ascending by ``ts`` then ``known_at``.
        """

    @abstractmethod
    async def provenance(
        self, parts: Mapping[SeriesKey, TimeRange], limit: int
    ) -> Sequence[Provenance]:
        """Batches that changed bars in the part of their series, newest first."""

    @abstractmethod
    async def reports(self, keys: Sequence[SeriesKey]) -> Mapping[SeriesKey, QualityReport]:
        """The report of the newest batch of each series that has one."""

    @abstractmethod
    async def check(self) -> None:
        """Return if the store answers and its schema is current, else ``StoreUnavailable``."""
