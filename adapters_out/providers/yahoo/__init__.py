"""Yahoo Finance, unofficial: charts (v8) as captured in 2025 and read by yfinance in 2026-08.

Charts need no key, no cookie and no crumb; quotes (v7) do, so they are asked for bid and ask only.
Prices are adjusted for splits, never raw. Its limit is unknown and held against the address for a
quarter of an hour or longer, so it is asked seldom. For personal use only.
"""

from adapters_out.provider_kit.calls import MIB, Call, Reply
from adapters_out.provider_kit.faults import Complaint, FaultRule, Faults
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.provider import (
    ActionsEndpoint,
    ActionsPart,
    BarsEndpoint,
    LastPrice,
    PriceEndpoint,
    Provider,
)
from adapters_out.provider_kit.wall_clock import day_of
from adapters_out.providers.yahoo.answers import (
    Chart,
    chart_of,
    price_in,
    prices_of,
    trouble_of,
)
from adapters_out.providers.yahoo.bars import HISTORY_S, SPELLING, ask_bars, page_of, read_bars
from adapters_out.providers.yahoo.feed import FEED
from adapters_out.providers.yahoo.quotes import COOKIE_HOST, QUOTES
from adapters_out.providers.yahoo.symbols import (
    NAME,
    chart_call,
    symbol_of,
)
from domain.actions import ActionKind, CorporateAction
from domain.coverage import GapReason
from domain.errors import CallRefused, NotListed, RangeUnavailable, RateLimited
from domain.instrument import AssetClass, Instrument
from domain.provider import Basis, Capabilities, Capability, ProviderPolicy

_LONG_S = 900.0
_FOR_EVER = 9_999_999_999
_DIGITS = 10
_TODAY: dict[str, str | int] = {"interval": "1d", "range": "1d"}


def _read_price(reply: Reply, instrument: Instrument) -> LastPrice:
    told = prices_of(reply)
    if not told:
        raise NotListed(f"{NAME} does not list {instrument.id}.", provider=NAME)
    if len(told) > 1:
        told = [meta for meta in told if meta.symbol == symbol_of(instrument)]
    (meta,) = told
    if meta.price is None:
        message = f"{NAME} has no price of {instrument.id} at the moment."
        raise CallRefused(message, provider=NAME)
    return LastPrice(price_in(meta), meta.at)


def _ask_actions(instrument: Instrument) -> tuple[Call, ...]:
    params: dict[str, str | int] = {"period1": 0, "period2": _FOR_EVER}
    params |= {"interval": "1d", "events": "div,splits"}
    return (chart_call(symbol_of(instrument), params),)


def _read_actions(reply: Reply, _: Instrument) -> ActionsPart:
    chart = chart_of(reply)
    return ActionsPart([] if chart is None else [*_splits(chart), *_dividends(chart)])


def _splits(chart: Chart[object]) -> list[CorporateAction]:
    return [
        CorporateAction(
            day_of(chart.meta.zone, split.date),
            ActionKind.SPLIT,
            ratio=split.numerator / split.denominator,
        )
        for split in chart.events.splits.values()
    ]


def _dividends(chart: Chart[object]) -> list[CorporateAction]:
    """As they were paid: it divides them by every split that came later."""
    splits, meta = _splits(chart), chart.meta
    found: list[CorporateAction] = []
    for paid in chart.events.dividends.values():
        day, amount = day_of(meta.zone, paid.date), paid.amount
        for split in splits:
            amount *= split.ratio if split.ex_date > day else 1.0
        amount = round(meta.whole(amount), _DIGITS)
        kind = ActionKind.DIVIDEND
        found.append(CorporateAction(day, kind, amount=amount, currency=meta.money))
    return found


_NOTHING = "data doesn't exist for startdate"


def _complaint(reply: Reply) -> Complaint | None:
    trouble = trouble_of(reply)
    if trouble is None or _NOTHING in trouble.description.lower():
        return None
    return Complaint(trouble.code, trouble.description)


def _says_nothing(reply: Reply) -> bool:
    """Status 400 for a range in which there is nothing, such as one before the listing."""
    trouble = trouble_of(reply)
    return trouble is not None and _NOTHING in trouble.description.lower()


FAULTS = Faults(
    complaint=_complaint,
    answers=_says_nothing,
    rules=(
        FaultRule(NotListed, "does not list the symbol", (404, 200), codes=("Not Found",)),
        FaultRule(RangeUnavailable, "does not keep that range", (422,)),
        FaultRule(RateLimited, "limits our rate", (429,), pause_s=_LONG_S),
    ),
)

PROVIDER = Provider(
    name=NAME,
    base_url="https://query2.finance.yahoo.com",
    hosts=frozenset({"query1.finance.yahoo.com"}),
    asides=frozenset({COOKIE_HOST}),
    mirrors=("https://query1.finance.yahoo.com",),
    policy=ProviderPolicy(
        rps=0.5, attempts=2, freeze_s=_LONG_S, concurrency=2, max_body_bytes=8 * MIB
    ),
    capabilities=Capabilities(
        offers=frozenset(
            {Capability.BARS, Capability.PRICE, Capability.QUOTES, Capability.ACTIONS}
        ),
        asset_classes=frozenset({AssetClass.STOCK, AssetClass.CRYPTO}),
        intervals=tuple(SPELLING),
        history_s=HISTORY_S,
        holes=GapReason.NO_TRADES,
        page_bars=10_000,
        basis=Basis.CONSOLIDATED,
        adjusted="splits",
        without_volume=frozenset({AssetClass.CRYPTO}),  # that of a coin is a turnover
    ),
    faults=FAULTS,
    # The end may come with a bar too many, days with one of before.
    bars=BarsEndpoint(ask=ask_bars, read=read_bars, page=page_of, rules=PageRules(bounded=False)),
    price=PriceEndpoint(ask=lambda i: chart_call(symbol_of(i), _TODAY), read=_read_price),
    quotes=QUOTES,
    feed=FEED,
    actions=ActionsEndpoint(questions=_ask_actions, read=_read_actions),
    ping=chart_call("SPY", _TODAY),
)
