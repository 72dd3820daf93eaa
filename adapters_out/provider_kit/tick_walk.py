"""The walk through an answer of ticks, part by part: pure, it neither sends nor waits."""

import math
from collections.abc import Callable
from typing import Generic

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Circling, Unreadable
from adapters_out.provider_kit.provider import TicksEndpoint
from domain.ticks import Quote, T, TicksAsk, TicksPage, Trade
from domain.timerange import TimeRange

_MAX_PARTS = 100
_LATEST_NS = 2**63 - 1


class TickWalk(Generic[T]):
    """Takes parts until there are enough ticks, or no more parts.

    What lies outside of the asked range is dropped; so is what two parts share, if it has an id.
    """

    def __init__(self, kind: type[T], endpoint: TicksEndpoint, ask: TicksAsk) -> None:
        """Nothing has been taken yet."""
        self._kind = kind
        self._endpoint = endpoint
        self._ask = ask
        self._found: list[T] = []
        self._parts = 0
        self._begun_ns: int | None = None
        self._back = ask.newest and endpoint.goes_back
        self._next: Call | None = None
        self._cut: Callable[[], TicksPage[T]] | None = None
        self.page: TicksPage[T] | None = None

    def so_far(self) -> TicksPage[T] | None:
        """The ticks of the parts taken, if there are any, for when the walk cannot go on."""
        return self._cut() if self._cut is not None and self._found else None

    def question(self) -> Question:
        """What to ask next."""
        return self._next or self._endpoint.ask(self._ask)

    def read(self, reply: Reply) -> None:
        """Take in a reply; ``page`` is there when the walk is over.

        Raises:
            Unreadable: numbers that are none, or parts without an end.
        """
        part = self._endpoint.read(reply, self._ask)
        ticks = [_sound(tick, self._kind) for tick in part.ticks]
        if len(ticks) > 1 and ticks[0].ts_ns > ticks[-1].ts_ns:
            ticks.reverse()
        whole = part.more is None or self._is_behind(ticks)
        if not whole and part.more == self._next:
            raise Circling
        asked_ns, looked_ns = (int(at * 1_000_000) * 1000 for at in (reply.asked_at, reply.true_at))
        begun_ns = asked_ns if self._begun_ns is None else self._begun_ns
        found = ticks + self._found if self._back else self._found + ticks
        known = (part.known_from_ns, part.known_until_ns)

        def cut() -> TicksPage[T]:
            return TicksPage(
                ticks=self._tidy(found),
                received_ns=reply.received_ns,
                covers=self._covers(ticks, known, begun_ns, whole=whole),
                looked_ns=min(begun_ns, looked_ns),
            )

        if whole or self._is_enough(found):
            self.page = cut()
            return
        self._parts += 1
        if self._parts >= _MAX_PARTS:
            raise Unreadable("there is no end of pages")
        self._found, self._begun_ns, self._next, self._cut = found, begun_ns, part.more, cut

    def _is_behind(self, ticks: list[T]) -> bool:
        """Whether a walk forward has come to where the provider has nothing newer."""
        return not self._back and bool(ticks and self._found) and ticks[-1] == self._found[-1]

    def _is_enough(self, found: list[T]) -> bool:
        """Whether the limit is reached; one who walks forward to the newest must go to the end."""
        if self._ask.newest and not self._back:
            return False
        return len(self._tidy(found)) >= self._ask.limit

    def _tidy(self, found: list[T]) -> tuple[T, ...]:
        """Within the range, ascending, each id once; numeric ids order a moment."""
        start, end = self._ask.start_ns or 0, self._ask.end_ns or _LATEST_NS
        kept: dict[object, T] = {}
        for place, tick in enumerate(found):
            if start <= tick.ts_ns < end:
                name = tick.id if isinstance(tick, Trade) else ""
                kept.setdefault((tick.ts_ns, name) if name else place, tick)
        return tuple(sorted(kept.values(), key=_moment))

    def _covers(
        self, ticks: list[T], known: tuple[int | None, int | None], begun_ns: int, *, whole: bool
    ) -> TimeRange | None:
        """What is answered for good; the moment at which a page was cut is not."""
        if self._endpoint.live:
            return None
        start = self._ask.start_ns or 0
        end = min(self._ask.end_ns or _LATEST_NS, begun_ns, known[1] or _LATEST_NS)
        if not whole and ticks and self._back:
            start = max(start, ticks[0].ts_ns + 1)
        elif not whole and ticks:
            end = min(end, ticks[-1].ts_ns)
        start = max(start, known[0] or 0)
        return TimeRange(start, end) if start < end else None


def _moment(tick: Trade | Quote) -> tuple[int, int, str]:
    name = tick.id if isinstance(tick, Trade) else ""
    return tick.ts_ns, len(name), name


def _sound(tick: Trade | Quote, kind: type[T]) -> T:
    """The tick if it can be one.

    Raises:
        Unreadable: a moment or number that cannot be stored.
    """
    if not isinstance(tick, kind):
        raise Unreadable("it is another kind of tick")
    numbers: tuple[float | None, ...]
    if isinstance(tick, Trade):
        numbers = (tick.price, tick.size)
    else:
        numbers = (tick.bid_price, tick.bid_size, tick.ask_price, tick.ask_size)
    if not all(value is None or math.isfinite(value) for value in numbers):
        raise Unreadable("a price or size is not finite")
    if not 0 < tick.ts_ns < _LATEST_NS:
        raise Unreadable(f"{tick.ts_ns} ns is no moment")
    return tick
