"""Massive's lists: a row for each day of a contract, repeated events, and no path for one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from adapters_in.simulator.assets import Asset
from adapters_in.simulator.dialects.massive_futures.pages import BadValue, chosen
from adapters_in.simulator.wire import Reply, Request, World
from domain.contract_names import ticker_of
from domain.instrument import AssetClass

Row = dict[str, object]
_EPOCH_OF_LISTS = date(2018, 1, 1)
_SHOWN_AFTER = timedelta(days=30)  # of the last day of trading
# code: name, venue, multiplier, asset class, sub class, sector, unit
_PRODUCTS = {
    "ES": ("E-mini S&P 500 Futures", "XCME", 50, "financials", "equity", "us_index", "IPNT"),
    "NQ": ("E-mini Nasdaq-100 Futures", "XCME", 20, "financials", "equity", "us_index", "IPNT"),
    "CL": ("Crude Oil Futures", "XNYM", 1000, "commodity", "energy", "crude_oil", "BBL"),
    "GC": ("Gold Futures", "XCEC", 100, "commodity", "metals", "precious", "TRYOZ"),
}
_EXCHANGES = (
    ("4", "XCME", "CME", "Chicago Mercantile Exchange"),
    ("5", "XCBT", "CBOT", "Chicago Board of Trade"),
    ("6", "XNYM", "NYMEX", "New York Mercantile Exchange"),
    ("7", "XCEC", "COMEX", "Commodity Exchange"),
)
_EVENTS = (("pre_open", -1, "21:45"), ("open", -1, "22:00"), ("close", 0, "21:00"))
_REPEATED = 2  # outrights and spreads of a product


def contracts(request: Request, world: World) -> Reply:
    """One row per contract and day, unless a ``date`` is given."""
    today, asked = _today(world), _day(request.one("date"))
    found = [
        row
        for asset in world.assets(AssetClass.FUTURE)
        if _fits_ticker(request, asset)
        for row in _days_of(asset, asked, today)
    ]
    names = ("product_code", "type", "active", "trading_venue", "first_trade_date")
    rows = _filtered(request, found, (*names, "last_trade_date"))
    return chosen(request, world, _sorted(request, rows, "product_code.asc"), (100, 1000))


def products(request: Request, world: World) -> Reply:
    """One row per product and day of the last ten, unless a ``date`` is given."""
    asked, today = _day(request.one("date")), _today(world)
    days = [asked] if asked else [today - timedelta(days=n) for n in range(10)]
    found = [_product(code, each) for each in days for code in _PRODUCTS if each <= today]
    names = ("name", "product_code", "trading_venue", "sector", "sub_sector", "asset_class")
    rows = _filtered(request, found, (*names, "asset_sub_class", "type"))
    return chosen(request, world, _sorted(request, rows, "date.asc"), (100, 50_000))


def schedules(request: Request, world: World) -> Reply:
    """The events of the sessions around today, each twice."""
    asked, today = _day(request.one("session_end_date")), _today(world)
    days = [asked] if asked else [today + timedelta(days=n) for n in range(-7, 8)]
    found = [
        event for code in _PRODUCTS for day in days for event in _events(code, day)
    ] * _REPEATED
    rows = _filtered(request, found, ("product_code", "trading_venue"))
    return chosen(request, world, _sorted(request, rows, "product_code.asc"), (10, 1000))


def market_status(request: Request, world: World) -> Reply:
    """Whether each product trades now."""
    now = datetime.fromtimestamp(world.now, UTC)
    is_open = now.weekday() < 5 and now.hour != 22  # noqa: PLR2004  # Saturday; the daily rest
    found: list[Row] = [
        {
            "market_event": "open" if is_open else "close",
            "name": about[0],
            "product_code": code,
            "session_end_date": now.date().isoformat(),
            "timestamp": now.replace(minute=0, second=0, microsecond=0).isoformat(),
            "trading_venue": about[1],
        }
        for code, about in _PRODUCTS.items()
    ]
    return chosen(request, world, _filtered(request, found, ("product_code",)), (10, 99))


def exchanges(request: Request, world: World) -> Reply:
    """The four venues."""
    found: list[Row] = [
        {
            "acronym": acronym,
            "id": number,
            "locale": "US",
            "mic": mic,
            "name": name,
            "operating_mic": mic,
            "type": "exchange",
            "url": "https://cmegroup.com",
        }
        for number, mic, acronym, name in _EXCHANGES
    ]
    return chosen(request, world, found, (100, 999))


def _fits_ticker(request: Request, asset: Asset) -> bool:
    return request.one("ticker") in {None, ticker_of(asset.instrument)}


def _days_of(asset: Asset, asked: date | None, today: date) -> Iterator[Row]:
    first = max(_date_of(asset.listed), _EPOCH_OF_LISTS)
    last = min(_date_of(asset.expires or 0) + _SHOWN_AFTER, today)
    days = (last - first).days + 1
    span = range(days) if asked is None else range((asked - first).days, (asked - first).days + 1)
    for n in span:
        if 0 <= n < days:
            yield _contract(asset, first + timedelta(days=n))


def _contract(asset: Asset, day: date) -> Row:
    last, tick = _date_of(asset.expires or 0), 10.0**-asset.decimals
    ticker = ticker_of(asset.instrument)
    return {
        "active": day <= last,
        "date": day.isoformat(),
        "days_to_maturity": (last - day).days,
        "first_trade_date": _date_of(asset.listed).isoformat(),
        "group_code": asset.instrument.base,
        "last_trade_date": last.isoformat(),
        "max_order_quantity": 3000,
        "min_order_quantity": 1,
        "name": f"{ticker} Future",
        "product_code": asset.instrument.base,
        "settlement_date": last.isoformat(),
        "settlement_tick_size": tick,
        "spread_tick_size": tick,
        "ticker": ticker,
        "trade_tick_size": tick,
        "trading_venue": _PRODUCTS[asset.instrument.base][1],
        "type": "single",
    }


def _product(code: str, day: date) -> Row:
    name, venue, quantity, asset_class, sub_class, sector, unit = _PRODUCTS[code]
    return {
        "asset_class": asset_class,
        "asset_sub_class": sub_class,
        "clearing_channel": "exchange_only",
        "date": day.isoformat(),
        "last_updated": "2025-02-22",
        "name": name,
        "price_quotation": "U.S. dollars and cents per unit",
        "product_code": code,
        "sector": sector,
        "settlement_currency_code": "USD",
        "settlement_method": "financially_settled",
        "settlement_type": "cash",
        "sub_sector": sector,
        "trade_currency_code": "USD",
        "trading_venue": venue,
        "type": "single",
        "unit_of_measure": unit,
        "unit_of_measure_qty": quantity,
    }


def _events(code: str, day: date) -> Sequence[Row]:
    if day.weekday() > 4:  # noqa: PLR2004  # a weekend has no session
        return ()
    name, venue = _PRODUCTS[code][:2]
    return [
        {
            "event": event,
            "product_code": code,
            "product_name": name,
            "session_end_date": day.isoformat(),
            "timestamp": f"{day + timedelta(days=shift)}T{clock}:00+00:00",
            "trading_venue": venue,
        }
        for event, shift, clock in _EVENTS
    ]


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda value, bound: value == bound,
    "any_of": lambda value, bound: value in bound.split(","),
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def _filtered(request: Request, rows: Sequence[Row], names: tuple[str, ...]) -> list[Row]:
    """The rows that fit every parameter of those names, compared or equal."""
    found = list(rows)
    for parameter, bound in request.query:
        name, _, comparison = parameter.partition(".")
        if name in names and comparison in _COMPARISONS:
            fits = _COMPARISONS[comparison]
            found = [row for row in found if fits(_text(row[name]), bound)]
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sorted(request: Request, rows: list[Row], default: str) -> list[Row]:
    name, _, direction = (request.one("sort") or default).partition(".")
    if direction not in {"asc", "desc"} or (rows and name not in rows[0]):
        raise BadValue(f"unsupported sort: {name[:40]}.{direction[:40]}")
    return sorted(rows, key=lambda row: _text(row[name]), reverse=direction == "desc")


def _today(world: World) -> date:
    return _date_of(int(world.now))


def _date_of(ts: int) -> date:
    return datetime.fromtimestamp(ts, UTC).date()


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"not a date: {(text or '')[:40]}") from None
