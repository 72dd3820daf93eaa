"""What Alpha Vantage tells of an instrument beside its bars: price, splits and dividends, names."""

import re
from datetime import UTC, datetime

import msgspec
import numpy as np
from msgspec import Struct

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import Unreadable, number
from adapters_out.provider_kit.provider import ActionsPart, LastPrice
from adapters_out.provider_kit.wall_clock import unix_of
from adapters_out.providers.alpha_vantage.tables import NEW_YORK, plain, read_table
from domain.actions import ActionKind, CorporateAction
from domain.errors import NotListed
from domain.instrument import AssetClass, Instrument

NAME = "alpha_vantage"
_ABROAD = re.compile(r"\.[A-Z]{2,}$")  # TSCO.LON
_CLOSE_S = 16 * 3600  # of New York, in local seconds of the day


def pair(instrument: Instrument, base: str, quote: str) -> dict[str, str | int]:
    """The parameters that name a coin and its market.

    Raises:
        NotListed: coins are priced in money only. USDT is not USD, and to be refused would cost
            one of 25 calls.
    """
    if "USD" in instrument.quote and instrument.quote != "USD":
        raise NotListed(f"{NAME} does not list {instrument.id}.", provider=NAME)
    return {base: instrument.base, quote: instrument.quote}


class _Answer(Struct):
    """A price of a stock or a coin; ``{}`` is all that is told of an unknown symbol."""

    quote: dict[str, object] = msgspec.field(name="Global Quote", default_factory=dict)
    rate: dict[str, object] = msgspec.field(
        name="Realtime Currency Exchange Rate", default_factory=dict
    )


def ask_price(instrument: Instrument) -> Call:
    """A stock's quote, or the rate of a coin."""
    if instrument.asset_class is AssetClass.CRYPTO:
        params = pair(instrument, "from_currency", "to_currency")
        return Call("/query", {"function": "CURRENCY_EXCHANGE_RATE", **params})
    return Call("/query", {"function": "GLOBAL_QUOTE", "symbol": instrument.base})


def read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    """The price; a stock's is of the close of the day that is named, or of now before it."""
    told = _told(reply.body)
    if not told:
        raise NotListed(f"{NAME} does not list {instrument.id}.", provider=NAME)
    if "Exchange_Rate" in told:
        at = datetime.fromisoformat(str(told["Last_Refreshed"])).replace(tzinfo=UTC)
        return LastPrice(number(told["Exchange_Rate"]), int(at.timestamp()))
    day = datetime.fromisoformat(str(told.get("latest_trading_day") or told["latestDay"]))
    local = np.array([int(day.replace(tzinfo=UTC).timestamp()) + _CLOSE_S], dtype=np.int64)
    closed = int(unix_of(NEW_YORK, local)[0])  # the latest moment at which it can be the price
    return LastPrice(number(told["price"]), min(closed, int(reply.received_at)))


def _told(body: bytes) -> dict[str, object]:
    """What is told of a price by the name of it, in JSON or as a table of one row."""
    if body.lstrip()[:1] != b"{":
        names, values = (line.split(",") for line in body.decode().split())
        return dict(zip(names, values, strict=True))
    answer = msgspec.json.decode(body, type=_Answer)
    return {plain(name): value for name, value in (answer.quote or answer.rate).items()}


def ask_actions(instrument: Instrument) -> tuple[Call, ...]:
    """All days, for those who pay: the only table that tells of both."""
    params = {"function": "TIME_SERIES_DAILY_ADJUSTED", "symbol": instrument.base}
    return (Call("/query", {**params, "outputsize": "full", "datatype": "csv"}),)


def read_actions(reply: Reply, instrument: Instrument) -> ActionsPart:
    """Splits, and dividends as they were paid; their currency is told of no exchange abroad."""
    currency = "" if _ABROAD.search(instrument.base) else "USD"
    table = read_table(reply.body)
    amounts, ratios = (table.columns[n] for n in ("dividend_amount", "split_coefficient"))
    found: list[CorporateAction] = []
    for day, cash, factor in zip(table.times, amounts, ratios, strict=True):
        amount, ratio = number(cash), number(factor)
        if day is None:
            raise Unreadable("a day cannot be read")
        if ratio not in {0.0, 1.0}:
            found.append(CorporateAction(day, ActionKind.SPLIT, ratio=ratio))
        if amount:
            found.append(
                CorporateAction(day, ActionKind.DIVIDEND, amount=amount, currency=currency)
            )
    return ActionsPart(found)
