"""What a provider file makes of a body: bars as the kit judges them, and errors."""

from collections.abc import Mapping
from datetime import UTC, datetime

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.faults import find_fault
from adapters_out.provider_kit.judge import Verdict, judge
from adapters_out.provider_kit.provider import (
    BarsEndpoint,
    ListingsEndpoint,
    PriceEndpoint,
    Provider,
)
from domain.bars import BarSeries
from domain.errors import ProviderError
from domain.provider import BarsAsk, BarsPage

LATER = 2e9
NOW = 1_700_000_040.0


def verdict_of(provider: Provider, body: bytes, ask: BarsAsk, now: float = LATER) -> Verdict:
    """What a body that came at ``now`` says about a range."""
    assert provider.bars is not None
    sheet = provider.bars.read(Reply(200, body, {}, now, now), ask)
    return judge(sheet, ask, provider.bars.rules, looked_at=now, fetched_at=now)


def page_of(provider: Provider, body: bytes, ask: BarsAsk, now: float = LATER) -> BarsPage:
    """The page of a verdict that has one."""
    found = verdict_of(provider, body, ask, now).page
    assert found is not None
    return found


def error_of(
    provider: Provider,
    status: int,
    body: str | bytes,
    headers: Mapping[str, str] | None = None,
    now: float = NOW,
) -> ProviderError | None:
    """What a reply means, if it is an error."""
    content = body.encode() if isinstance(body, str) else body
    reply = Reply(status, content, dict(headers or {}), now, now)
    return find_fault(provider.name, reply, provider.faults, provider.policy)


def endpoints_of(provider: Provider) -> tuple[BarsEndpoint, PriceEndpoint, ListingsEndpoint]:
    """Those that it must have."""
    assert provider.bars is not None
    assert provider.price is not None
    assert provider.listings is not None
    return provider.bars, provider.price, provider.listings


def date(text: str) -> int:
    """00:00 UTC of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def dates(series: BarSeries) -> list[str]:
    """The stamps as dates."""
    return [datetime.fromtimestamp(ts, UTC).date().isoformat() for ts in series.ts.tolist()]
