"""Known emptiness over time: what was believed to be empty, from when until when.

Bitemporal like the bars, so that the gaps of an answer as of T never change afterwards.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from domain.coverage import Gap, GapReason
from domain.timerange import RangeSet, TimeRange


class EmptySpan(Struct, frozen=True, kw_only=True):
    """A range believed to be empty from ``known_at`` until ``superseded_at`` (µs; None: still).

    ``checked_at`` (Unix s) is when a provider last said so.
    """

    range: TimeRange
    reason: GapReason
    known_at: int
    checked_at: int
    superseded_at: int | None = None

    def holds_at(self, as_of: int | None) -> bool:
        """Whether it is believed now (None), or was at ``as_of`` (µs)."""
        if as_of is None:
            return self.superseded_at is None
        return self.known_at <= as_of and (self.superseded_at is None or self.superseded_at > as_of)


class Lesson(Struct, frozen=True):
    """How beliefs change: ``removed`` spans give way to the ``added`` ones.

    ``is_new`` is False when only ``checked_at`` moves on: then what is known stays the same,
    although spans may have been cut.
    """

    removed: tuple[EmptySpan, ...] = ()
    added: tuple[EmptySpan, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether anything is believed now that was not before, or no longer."""
        known = {span.known_at for span in self.removed}
        return any(s.superseded_at is not None or s.known_at not in known for s in self.added)


def learn(
    believed: Sequence[EmptySpan],
    empty: Iterable[Gap],
    held: RangeSet,
    *,
    known_at: int,
    checked_at: int,
) -> Lesson:
    """What follows from an answer whose ``empty`` ranges came with bars in ``held``.

    - where we hold a bar nothing is empty, whoever says so;
    - an emptiness that the answer contradicts, by a bar or by another reason, is superseded;
    - one that it confirms only has its ``checked_at`` moved on, never back;
    - what it does not touch stays, the rest of a cut span with it.

    ``believed`` are the current spans that overlap the answer, disjoint; later ones of
    overlapping ``empty`` ranges lose the overlap. Linear but for sorting.
    """
    facts = _facts(empty, held)
    removed: list[EmptySpan] = []
    added: list[EmptySpan] = []
    fact_cuts = {reason: _Cut(ranges) for reason, ranges in facts.items()}
    denial_cuts = {s.reason: _Cut(_denials(facts, held, s.reason)) for s in _by_reason(believed)}
    for span in believed:
        denied = denial_cuts[span.reason].within(span.range)
        confirmed = RangeSet()
        if checked_at > span.checked_at and span.reason in fact_cuts:
            confirmed = fact_cuts[span.reason].within(span.range)
        if not denied and not confirmed:
            continue
        removed.append(span)
        rest = RangeSet((span.range,)).subtract(denied).subtract(confirmed)
        added += [structs.replace(span, range=r) for r in rest]
        added += [structs.replace(span, range=r, checked_at=checked_at) for r in confirmed]
        added += [structs.replace(span, range=r, superseded_at=known_at) for r in denied]
    for reason, ranges in facts.items():
        known = RangeSet.of(span.range for span in believed if span.reason is reason)
        added += [
            EmptySpan(range=r, reason=reason, known_at=known_at, checked_at=checked_at)
            for r in ranges.subtract(known)
        ]
    return Lesson(tuple(removed), tuple(added))


class _Cut:
    """Ranges prepared for many look-ups."""

    def __init__(self, ranges: RangeSet) -> None:
        self._ranges = ranges.ranges
        self._ends = [r.end for r in self._ranges]

    def within(self, frame: TimeRange) -> RangeSet:
        """The parts that lie inside ``frame``."""
        parts: list[TimeRange] = []
        for k in range(bisect_right(self._ends, frame.start), len(self._ranges)):
            part = self._ranges[k].intersect(frame)
            if part is None:
                break
            parts.append(part)
        return RangeSet(tuple(parts))


def _facts(empty: Iterable[Gap], held: RangeSet) -> dict[GapReason, RangeSet]:
    """Disjoint empty ranges by reason, without those that we hold."""
    by_reason: dict[GapReason, list[TimeRange]] = {}
    end: int | None = None
    for gap in sorted(empty, key=lambda g: (g.start, g.end)):
        start = gap.start if end is None else max(gap.start, end)
        if start < gap.end:
            by_reason.setdefault(gap.reason, []).append(TimeRange(start, gap.end))
            end = gap.end
    return {reason: RangeSet.of(r).subtract(held) for reason, r in by_reason.items()}


def _denials(facts: dict[GapReason, RangeSet], held: RangeSet, reason: GapReason) -> RangeSet:
    others = (r for other, ranges in facts.items() if other is not reason for r in ranges)
    return RangeSet.of((*held, *others))


def _by_reason(spans: Iterable[EmptySpan]) -> Iterable[EmptySpan]:
    return {span.reason: span for span in spans}.values()
