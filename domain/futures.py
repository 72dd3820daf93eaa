"""Futures as exchanges list them: contracts, products, session events, venues."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import ClassVar

from msgspec import Struct

from domain.contract_names import contract_of
from domain.instrument import Instrument


class FuturesKind(Enum):
    """What can be asked about futures; the value is its name in the API."""

    CONTRACTS = "contracts"
    PRODUCTS = "products"
    SCHEDULES = "schedules"
    MARKET_STATUS = "market_status"
    EXCHANGES = "exchanges"
    AGGREGATES = "aggs"
    SNAPSHOT = "snapshot"


class Contract(Struct, frozen=True, kw_only=True):
    """One contract as its list knew it on ``date``; ISO dates; ``None`` means "not sent".

    ``type`` is ``single`` or ``combo`` (a spread); tick sizes are in price points.
    """

    kind: ClassVar[FuturesKind] = FuturesKind.CONTRACTS

    ticker: str
    product_code: str | None = None
    name: str | None = None
    type: str | None = None
    active: bool | None = None
    date: str | None = None
    first_trade_date: str | None = None
    last_trade_date: str | None = None
    settlement_date: str | None = None
    days_to_maturity: int | None = None
    trade_tick_size: float | None = None
    settlement_tick_size: float | None = None
    spread_tick_size: float | None = None
    min_order_quantity: int | None = None
    max_order_quantity: int | None = None
    group_code: str | None = None
    trading_venue: str | None = None

    @property
    def key(self) -> str:
        """What tells it from others: the ticker alone comes back after ten years."""
        return f"{self.ticker} {self.last_trade_date or ''}"

    @property
    def instrument(self) -> Instrument | None:
        """Ours, its decade told by the last day of trading; None for spreads and the like.

        That day lies in the month of delivery or shortly before it.
        """
        day = iso_date(self.last_trade_date) or iso_date(self.date)
        if day is None or self.type == "combo":
            return None
        return contract_of(self.ticker, datetime.combine(day, time(), UTC).timestamp())


class Product(Struct, frozen=True, kw_only=True):
    """What contracts are made of; ``unit_of_measure_qty`` is the multiplier of its prices."""

    kind: ClassVar[FuturesKind] = FuturesKind.PRODUCTS

    product_code: str
    name: str | None = None
    type: str | None = None
    date: str | None = None
    last_updated: str | None = None
    asset_class: str | None = None
    asset_sub_class: str | None = None
    sector: str | None = None
    sub_sector: str | None = None
    trading_venue: str | None = None
    clearing_channel: str | None = None
    price_quotation: str | None = None
    settlement_currency_code: str | None = None
    settlement_method: str | None = None
    settlement_type: str | None = None
    trade_currency_code: str | None = None
    unit_of_measure: str | None = None
    unit_of_measure_qty: float | None = None

    @property
    def key(self) -> str:
        """What tells it from others."""
        return f"{self.product_code} {self.type or ''}"


class SessionEvent(Struct, frozen=True, kw_only=True):
    """One event of a session: ``pre_open open pause close``.

    ``ts`` is Unix seconds, None if ``timestamp``, which stays as it was sent, is no time.
    """

    kind: ClassVar[FuturesKind] = FuturesKind.SCHEDULES

    product_code: str | None = None
    product_name: str | None = None
    session_end_date: str | None = None
    event: str | None = None
    ts: int | None = None
    timestamp: str | None = None
    trading_venue: str | None = None

    @property
    def key(self) -> str:
        """Outrights and spreads of a product repeat its events: by these they are one."""
        return f"{self.product_code} {self.session_end_date} {self.event} {self.timestamp}"


class MarketStatus(Struct, frozen=True, kw_only=True):
    """The last event of a product's market; ``ts`` as in :class:`SessionEvent`."""

    kind: ClassVar[FuturesKind] = FuturesKind.MARKET_STATUS

    product_code: str | None = None
    name: str | None = None
    market_event: str | None = None
    session_end_date: str | None = None
    ts: int | None = None
    timestamp: str | None = None
    trading_venue: str | None = None

    @property
    def key(self) -> str:
        """One status a product."""
        return f"{self.product_code} {self.trading_venue or ''}"


class Venue(Struct, frozen=True, kw_only=True):
    """An exchange by its market identifier codes (ISO 10383)."""

    kind: ClassVar[FuturesKind] = FuturesKind.EXCHANGES

    mic: str | None = None
    operating_mic: str | None = None
    id: str | None = None
    name: str | None = None
    acronym: str | None = None
    type: str | None = None
    locale: str | None = None
    url: str | None = None

    @property
    def key(self) -> str:
        """By its own code, or else by the provider's number."""
        return f"{self.mic or ''} {self.id or ''}"


class Aggregate(Struct, frozen=True, kw_only=True):
    """A bar of a length that is none of our intervals; ``ts_ns`` is its open (Unix ns)."""

    kind: ClassVar[FuturesKind] = FuturesKind.AGGREGATES

    ticker: str | None = None
    ts_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None
    transactions: int | None = None
    dollar_volume: float | None = None
    settlement_price: float | None = None
    session_end_date: str | None = None

    @property
    def key(self) -> str:
        """By its open, and its session: those of sessions may share an open."""
        return f"{self.ts_ns} {self.session_end_date or ''}"


class Snapshot(Struct, frozen=True, kw_only=True):
    """What is known of one contract at the moment; stamps are Unix ns, ``None`` was not sent.

    The last trade (``price size ts_ns``), the top of the book, the last minute and the session so
    far (``open`` to ``settlement_price``; ``change`` is in points since ``previous_settlement``).
    ``timeframe`` says whether trades are of now or delayed.
    """

    kind: ClassVar[FuturesKind] = FuturesKind.SNAPSHOT

    ticker: str
    product_code: str | None = None
    timeframe: str | None = None
    price: float | None = None
    size: float | None = None
    ts_ns: int | None = None
    bid_price: float | None = None
    bid_size: float | None = None
    ask_price: float | None = None
    ask_size: float | None = None
    quote_ts_ns: int | None = None
    minute_close: float | None = None
    minute_volume: float | None = None
    minute_ts_ns: int | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None
    change: float | None = None
    change_percent: float | None = None
    previous_settlement: float | None = None
    settlement_price: float | None = None
    open_interest: float | None = None
    settlement_date: str | None = None

    @property
    def key(self) -> str:
        """One a contract."""
        return self.ticker


FuturesRecord = Contract | Product | SessionEvent | MarketStatus | Venue | Aggregate | Snapshot
RECORDS: tuple[type[FuturesRecord], ...] = (
    *(Contract, Product, SessionEvent, MarketStatus, Venue),
    *(Aggregate, Snapshot),
)


def record_of(kind: FuturesKind) -> type[FuturesRecord]:
    """What the answers to questions of that kind consist of."""
    return next(record for record in RECORDS if record.kind is kind)


class FuturesAsk(Struct, frozen=True, kw_only=True):
    """A question about futures: its kind, equalities by our names of the fields, and an order.

    ``filters`` are sorted pairs, ``as_of`` (ISO date) the day on which the answer was true,
    ``sort`` is ``field.asc`` or ``field.desc``; empty means whatever the provider does.
    """

    kind: FuturesKind
    filters: tuple[tuple[str, str], ...] = ()
    as_of: str = ""
    sort: str = ""

    @property
    def key(self) -> str:
        """The same for the same question."""
        parts = (*(f"{name}={value}" for name, value in self.filters), self.as_of, self.sort)
        return "&".join((self.kind.value, *parts))

    def filtered(self, name: str) -> str | None:
        """The value that a field must have, None if any."""
        return dict(self.filters).get(name)


class FuturesPart(Struct, frozen=True):
    """Records in the provider's order, and where the rest begins (None: there is none)."""

    records: tuple[FuturesRecord, ...]
    more: str | None = None


class FuturesAnswer(Struct, frozen=True):
    """What is known of the answer to a question: ``fetched_at`` (Unix s) dates its beginning."""

    records: tuple[FuturesRecord, ...]
    fetched_at: float
    more: str | None = None


def newest_of(contracts: Iterable[Contract], instrument: Instrument) -> Contract | None:
    """What was told last about one of our contracts."""
    same = [c for c in contracts if c.instrument == instrument]
    return max(same, key=lambda c: c.date or "", default=None)


def iso_date(text: str | None) -> date | None:
    """The day, None for what is none."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None
