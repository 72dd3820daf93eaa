"""The walk through a range of bars, page by page, safe against a provider that walks in circles."""

from datetime import UTC, datetime

from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Circling, Unreadable
from adapters_out.provider_kit.judge import judge
from adapters_out.provider_kit.provider import BarsEndpoint
from adapters_out.provider_kit.sheet import Sheet
from domain.errors import RangeUnavailable
from domain.provider import BarsAsk, BarsPage
from domain.timerange import TimeRange

_SLACK = 4


class Walk:
    """Asks for what is left of a range and takes pages until nothing is left.

    Every page must move on; the number of pages is bounded by the length of the range and what a
    page holds. Pure: it neither sends nor waits.
    """

    def __init__(self, ask: BarsAsk, endpoint: BarsEndpoint, page_bars: int, now: float) -> None:
        """Start at the start; a range that has not begun to close is done at once."""
        interval = ask.interval
        self._endpoint = endpoint
        self._present = interval.floor(int(now))
        opened = ask.range.start < self._present
        self._left: TimeRange | None = ask.range if opened else None
        self._cursor: Call | None = None
        self._ask = replace(ask, asked_at=int(now))
        self._pages = self._bound(page_bars)

    def _bound(self, page_bars: int) -> int:
        """How many pages the whole range can take, with slack."""
        ask, interval = self._ask, self._ask.interval
        window = self._endpoint.page(ask)
        page = min(page_bars, max(1, interval.count(window.start, window.end)))
        return _SLACK * (2 + interval.count(ask.range.start, ask.range.end) // page)

    @property
    def done(self) -> bool:
        """Whether nothing is left to ask for."""
        return self._left is None

    @property
    def part(self) -> BarsAsk:
        """What the next page is asked for.

        It reaches over the bar after the range if that one forms and was asked for.
        """
        ask = replace(self._ask, range=self._left or self._ask.range)
        span = self._endpoint.page(ask)
        if self._ask.forming and span.end == self._ask.range.end == self._present:
            span = TimeRange(span.start, ask.interval.shift(span.end, 1))
        return replace(ask, range=span)

    def question(self, part: BarsAsk) -> Question:
        """The question for the next page: the provider's own cursor if it gave one."""
        return self._cursor or self._endpoint.ask(part)

    def read(self, part: BarsAsk, reply: Reply) -> BarsPage | None:
        """Judge a reply and move on behind what it answers for; None if it answers for nothing.

        Raises:
            Unreadable: no row belongs to the range, the provider does not move on, or there is
                no end of pages.
            RangeUnavailable: the provider keeps nothing that old.
        """
        sheet = self._endpoint.read(reply, part)
        verdict = judge(
            sheet,
            part,
            self._endpoint.rules,
            looked_at=reply.true_at,
            fetched_at=reply.received_at,
        )
        if verdict.strange:
            raise Unreadable("no row lies in the range that was asked")
        self._advance(part, sheet, verdict.page, verdict.horizon)
        return verdict.page

    def _advance(self, part: BarsAsk, sheet: Sheet, page: BarsPage | None, horizon: int) -> None:
        left = self._left or part.range
        reached = left.start if page is None else page.covers.end
        if page is None and sheet.more is None:
            reached = self._beginning(part, sheet, horizon)
        if reached >= min(self._ask.range.end, horizon):
            self._left = None
            return
        if sheet.more is None and reached <= left.start:
            raise Unreadable("the page before was sent again")
        if sheet.more is not None and sheet.more == self._cursor:
            raise Circling
        self._pages -= 1
        if self._pages <= 0:
            raise Unreadable("there is no end of pages")
        self._left = TimeRange(reached, left.end)
        self._cursor = sheet.more

    def _beginning(self, part: BarsAsk, sheet: Sheet, horizon: int) -> int:
        """Where to go on after a sheet that answers for nothing: where its history begins."""
        if sheet.kept_from is None or sheet.kept_from < part.range.end:
            return horizon
        if sheet.kept_from >= min(self._ask.range.end, horizon):
            oldest = datetime.fromtimestamp(sheet.kept_from, UTC)
            raise RangeUnavailable(
                f"The provider keeps no {part.interval.value} bars before {oldest:%Y-%m-%d %H:%M}Z."
            )
        return sheet.kept_from
