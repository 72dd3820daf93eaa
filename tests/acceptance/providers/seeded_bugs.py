"""What authors of adapters get wrong: provider files with one mistake each."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.faults import Faults
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import Auth, LastPrice, ListingsPart, Provider, whole_range
from adapters_out.provider_kit.rows import sheet_of_columns
from adapters_out.provider_kit.sheet import Sheet
from domain.instrument import Instrument, Listing
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange


def _rows(change: Callable[[Sheet, BarsAsk], Sheet]) -> Callable[[Provider], Provider]:
    """A mistake in reading bars."""

    def seed(provider: Provider) -> Provider:
        endpoint = provider.bars
        assert endpoint is not None

        def read(reply: Reply, ask: BarsAsk) -> Sheet:
            return change(endpoint.read(reply, ask), ask)

        return replace(provider, bars=replace(endpoint, read=read))

    return seed


def _question(change: Callable[[BarsAsk], BarsAsk]) -> Callable[[Provider], Provider]:
    """A mistake in what is asked for."""

    def seed(provider: Provider) -> Provider:
        endpoint = provider.bars
        assert endpoint is not None
        return replace(provider, bars=replace(endpoint, ask=lambda ask: endpoint.ask(change(ask))))

    return seed


def _call(change: Callable[[Call], Call]) -> Callable[[Provider], Provider]:
    """A mistake in the call itself."""

    def seed(provider: Provider) -> Provider:
        endpoint = provider.bars
        assert endpoint is not None

        def ask(asked: BarsAsk) -> Call:
            call = endpoint.ask(asked)
            assert isinstance(call, Call)
            return change(call)

        return replace(provider, bars=replace(endpoint, ask=ask))

    return seed


def _price(change: Callable[[LastPrice], LastPrice]) -> Callable[[Provider], Provider]:
    def seed(provider: Provider) -> Provider:
        endpoint = provider.price
        assert endpoint is not None

        def read(reply: Reply, instrument: Instrument) -> LastPrice:
            return change(endpoint.read(reply, instrument))

        return replace(provider, price=replace(endpoint, read=read))

    return seed


def _list(change: Callable[[Listing], Listing]) -> Callable[[Provider], Provider]:
    def seed(provider: Provider) -> Provider:
        endpoint = provider.listings
        assert endpoint is not None

        def read(reply: Reply) -> ListingsPart:
            part = endpoint.read(reply)
            return replace(part, listings=[change(each) for each in part.listings])

        return replace(provider, listings=replace(endpoint, read=read))

    return seed


def _with(sheet: Sheet, **columns: Any) -> Sheet:  # noqa: ANN401  # a column or a mark
    """The sheet with other columns."""
    return replace(sheet, **columns)


def _chosen(sheet: Sheet, keep: Any) -> Sheet:  # noqa: ANN401  # what numpy takes
    """Some of the rows."""
    names = ("ts", "open", "high", "low", "close", "volume", "vwap", "trades")
    return _with(sheet, **{name: getattr(sheet, name)[keep] for name in names})


def _shifted(sheet: Sheet, ask: BarsAsk, bars: int) -> Sheet:
    return _with(sheet, ts=np.array([ask.interval.shift(t, bars) for t in sheet.ts.tolist()]))


def _empty_on_error(provider: Provider) -> Provider:
    """Whatever is no data is taken for no data."""
    endpoint = provider.bars
    assert endpoint is not None

    def read(reply: Reply, ask: BarsAsk) -> Sheet:
        try:
            return endpoint.read(reply, ask)
        except Exception:  # noqa: BLE001  # the mistake that is seeded
            columns: dict[str, list[object]] = {n: [] for n in ("ts", "open", "high", "low")}
            return sheet_of_columns(columns | {"close": []})

    return replace(provider, bars=replace(endpoint, read=read), faults=Faults())


def _last_page_at_once(provider: Provider) -> Provider:
    endpoint = provider.bars
    assert endpoint is not None
    rules = PageRules(full_rows=0, bounded=endpoint.rules.bounded)
    return replace(provider, bars=replace(endpoint, rules=rules, page=whole_range))


def _endless_history(provider: Provider) -> Provider:
    capabilities = replace(provider.capabilities, history_bars=None)
    endpoint = provider.bars
    assert endpoint is not None

    def read(reply: Reply, ask: BarsAsk) -> Sheet:
        return _with(endpoint.read(reply, ask), kept_from=None)

    return replace(provider, capabilities=capabilities, bars=replace(endpoint, read=read))


def _other_interval(ask: BarsAsk) -> BarsAsk:
    return replace(ask, interval=Interval.M1) if ask.interval is Interval.M5 else ask


def _as_dollars(ask: BarsAsk) -> BarsAsk:
    return replace(ask, instrument=Instrument.pair(ask.instrument.base, "EUR"))


def _one_late(ask: BarsAsk) -> BarsAsk:
    start = ask.interval.shift(ask.range.start, 1)
    return replace(ask, range=TimeRange(start, max(ask.range.end, start + 1)))


def _turned(pair: Instrument) -> Instrument:
    return Instrument.pair(pair.quote, pair.base)


def _params(**changes: Callable[[str], str]) -> Callable[[Call], Call]:
    def change(call: Call) -> Call:
        changed = {name: change(str(call.params[name])) for name, change in changes.items()}
        return replace(call, params={**call.params, **changed})

    return change


class Bug(Struct, frozen=True):
    """In whose file, and what is wrong with it."""

    provider: str
    seed: Callable[[Provider], Provider]


BUGS: Mapping[str, Bug] = {
    "high and close change places": Bug(
        "kucoin", _rows(lambda s, _: _with(s, high=s.close, close=s.high))
    ),
    "low and high change places": Bug(
        "coinbase", _rows(lambda s, _: _with(s, low=s.high, high=s.low))
    ),
    "open and close change places": Bug(
        "kraken", _rows(lambda s, _: _with(s, open=s.close, close=s.open))
    ),
    "milliseconds for seconds": Bug("kraken", _rows(lambda s, _: _with(s, ts=s.ts * 1000))),
    "seconds for milliseconds": Bug("binance", _rows(lambda s, _: _with(s, ts=s.ts // 1000))),
    "the close for the open time": Bug("binance", _rows(lambda s, a: _shifted(s, a, 1))),
    "the running bar as a closed one": Bug("binance", _rows(lambda s, a: _shifted(s, a, -1))),
    "local time for UTC": Bug("coinbase", _rows(lambda s, _: _with(s, ts=s.ts - 5 * 3600))),
    "zero for a count that is not sent": Bug(
        "coinbase", _rows(lambda s, _: _with(s, trades=np.zeros(len(s), np.int64)))
    ),
    "zero for an average that is not sent": Bug(
        "kucoin", _rows(lambda s, _: _with(s, vwap=np.zeros(len(s)) + 1e-9))
    ),
    "zero for the volume": Bug("kraken", _rows(lambda s, _: _with(s, volume=s.volume * 0))),
    "turnover for volume": Bug("binance", _rows(lambda s, _: _with(s, volume=s.volume * s.close))),
    "volumes cut to whole units": Bug(
        "kraken", _rows(lambda s, _: _with(s, volume=np.floor(s.volume)))
    ),
    "prices rounded to cents": Bug(
        "binance", _rows(lambda s, _: _with(s, close=np.round(s.close, 2)))
    ),
    "times reversed, prices not": Bug("kucoin", _rows(lambda s, _: _with(s, ts=s.ts[::-1].copy()))),
    "every other row dropped": Bug("binance", _rows(lambda s, _: _chosen(s, slice(None, None, 2)))),
    "quiet bars dropped": Bug("binance", _rows(lambda s, _: _chosen(s, s.volume > 0))),
    "the first row dropped as a header": Bug(
        "kraken", _rows(lambda s, _: _chosen(s, slice(1, None)))
    ),
    "an interval sampled from a finer one": Bug(
        "binance",
        lambda p: _rows(lambda s, a: _chosen(s, a.interval.aligned(s.ts)))(
            _question(_other_interval)(p)
        ),
    ),
    "the symbol in lower case": Bug("kucoin", _call(_params(symbol=str.lower))),
    "euros for dollars": Bug("binance", _question(_as_dollars)),
    "the start left out": Bug("binance", _question(_one_late)),
    "the next page ignored": Bug("binance", _last_page_at_once),
    "errors taken for an empty range": Bug("binance", _empty_on_error),
    "errors with status 200 taken for data": Bug("kraken", lambda p: replace(p, faults=Faults())),
    "a history without end claimed": Bug("kraken", _endless_history),
    "a call declared too light": Bug("kucoin", _call(lambda c: replace(c, weight=1.0))),
    "the key in the address": Bug(
        "binance", lambda p: replace(p, auth=Auth(query="apikey", required=False))
    ),
    "the last price a little off": Bug(
        "kraken", _price(lambda p: replace(p, price=p.price * 1.001))
    ),
    "the time of a price in milliseconds": Bug(
        "kucoin", _price(lambda p: replace(p, ts=(p.ts or 1) * 1000))
    ),
    "base and quote change places in the list": Bug(
        "coinbase",
        _list(
            lambda x: replace(x, instrument=Instrument.pair(x.instrument.quote, x.instrument.base))
        ),
    ),
    "everything on the list inactive": Bug("kraken", _list(lambda x: replace(x, active=False))),
}
