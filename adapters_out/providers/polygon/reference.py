"""What Polygon knows of tickers: the list of stocks and pairs, splits and dividends."""

import calendar
from collections.abc import Sequence
from datetime import date

import msgspec
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Question, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.provider import (
    ActionsEndpoint,
    ActionsPart,
    ListingsEndpoint,
    ListingsPart,
)
from adapters_out.providers.polygon.answers import NAME, Page, is_pair, stock_of, ticker_of
from domain.actions import ActionKind, CorporateAction
from domain.instrument import Instrument, Listing

_MOST = 1000
_TICKERS = "/v3/reference/tickers"
_STOCKS, _COINS = "stocks", "crypto"


def _list_of(market: str) -> Call:
    return Call(_TICKERS, {"market": market, "active": "true", "limit": _MOST})


class _Ticker(Struct):
    """The two symbols are there for pairs only."""

    ticker: str
    market: str
    active: bool = True
    base_currency_symbol: str = ""
    currency_symbol: str = ""

    def listing(self) -> Listing | None:
        """As ours; None for what has no name of ours."""
        instrument = stock_of(self.ticker) if self.market == _STOCKS else self._pair()
        if instrument is None:
            return None
        return Listing(NAME, self.ticker, instrument, self.active)

    def _pair(self) -> Instrument | None:
        base, quote = self.base_currency_symbol, self.currency_symbol
        return Instrument.pair(base, quote) if base and quote else None


class _Tickers(Page, kw_only=True):
    results: list[_Ticker]


def _read_listings(reply: Reply) -> ListingsPart:
    """Behind the last page of stocks comes the first of pairs."""
    page = msgspec.json.decode(reply.body, type=_Tickers)
    more = page.more
    if more is None and page.results and page.results[-1].market == _STOCKS:
        more = _list_of(_COINS)
    found = (ticker.listing() for ticker in page.results)
    return ListingsPart([listing for listing in found if listing is not None], more)


class _Split(Struct):
    execution_date: date
    split_from: str | float
    split_to: str | float
    ticker: str

    def action(self) -> CorporateAction:
        """So many new shares per old one."""
        old, new = number(self.split_from), number(self.split_to)
        if old <= 0 or new <= 0:
            raise Unreadable("its split has no ratio")
        return CorporateAction(_day(self.execution_date), ActionKind.SPLIT, ratio=new / old)


class _Dividend(Struct):
    """Cash per share as declared."""

    ex_dividend_date: date
    cash_amount: str | float
    ticker: str
    currency: str = "USD"

    def action(self) -> CorporateAction:
        """In our words."""
        ex_date = _day(self.ex_dividend_date)
        amount = number(self.cash_amount)
        return CorporateAction(ex_date, ActionKind.DIVIDEND, amount=amount, currency=self.currency)


class _Actions(Page, kw_only=True):
    results: list[msgspec.Raw]


def _day(day: date) -> int:
    return calendar.timegm(day.timetuple())


def _ask_actions(instrument: Instrument) -> Sequence[Question]:
    if is_pair(instrument):
        return ()
    params: dict[str, str | int] = {"ticker": ticker_of(instrument), "limit": _MOST}
    return [Call(f"/v3/reference/{kind}", params) for kind in ("splits", "dividends")]


def _read_actions(reply: Reply, instrument: Instrument) -> ActionsPart:
    """Rows of other tickers, which a request without a filter brings, are left out."""
    page = msgspec.json.decode(reply.body, type=_Actions)
    found = [_action(row) for row in page.results]
    ticker = ticker_of(instrument)
    return ActionsPart([row.action() for row in found if row.ticker == ticker], page.more)


def _action(row: msgspec.Raw) -> _Split | _Dividend:
    if b'"split_to"' in bytes(row):
        return msgspec.json.decode(row, type=_Split)
    return msgspec.json.decode(row, type=_Dividend)


LISTINGS = ListingsEndpoint(ask=lambda: _list_of(_STOCKS), read=_read_listings)
ACTIONS = ActionsEndpoint(questions=_ask_actions, read=_read_actions)
