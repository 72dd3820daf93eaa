"""Kraken's complaints, and bodies that are no answer."""

import json

import pytest

from adapters_out.provider_kit.calls import Reply
from adapters_out.provider_kit.cells import Unreadable
from adapters_out.provider_kit.faults import UNREADABLE
from adapters_out.providers.kraken import PROVIDER
from domain.errors import (
    CallRefused,
    NotListed,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from domain.instrument import Instrument
from domain.interval import Interval
from domain.provider import BarsAsk
from domain.timerange import TimeRange
from tests.providers.reading import error_of

BTC = Instrument.pair("BTC", "USDT")
NOW = 1_700_000_040.0
T0 = 1_699_999_980
assert PROVIDER.bars is not None
assert PROVIDER.price is not None
BARS, PRICE = PROVIDER.bars, PROVIDER.price


def error(body: str, status: int = 200) -> ProviderError | None:
    """What a body means."""
    return error_of(PROVIDER, status, body)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("EQuery:Unknown asset pair", NotListed),
        ("EQuery:Invalid asset pair", NotListed),
        ("EQuery:Unknown asset", NotListed),
        ("EGeneral:Too many requests", RateLimited),
        ("EAPI:Rate limit exceeded", RateLimited),
        ("EGeneral:Temporary lockout", RateLimited),
        ("EGeneral:Invalid arguments:Index unavailable", CallRefused),
        ("EGeneral:Internal error", ProviderUnavailable),
        ("EService:Unavailable", ProviderUnavailable),
        ("EService:Busy", ProviderUnavailable),
        ("EService:Market in cancel_only mode", ProviderUnavailable),
        ("ESomething:New", CallRefused),
    ],
)
def test_its_errors_come_with_status_200(said: str, expected: type[ProviderError]) -> None:
    """The body alone tells."""
    assert type(error(json.dumps({"error": [said]}))) is expected


def test_a_lockout_lasts_a_quarter_of_an_hour() -> None:
    """It names no time itself; an ordinary limit passes sooner."""
    lockout = error('{"error":["EGeneral:Temporary lockout"]}')
    limit = error('{"error":["EGeneral:Too many requests"]}')
    assert lockout is not None
    assert limit is not None
    assert (lockout.retry_at, limit.retry_at) == (NOW + 900, NOW + PROVIDER.policy.freeze_s)


def test_a_warning_is_no_error() -> None:
    """What begins with W comes beside data."""
    assert error('{"error":["WGeneral:Careful"],"result":{}}') is None


@pytest.mark.parametrize(
    "body",
    [
        '{"error":[]}',
        '{"error":[],"result":{}}',
        '{"error":[],"result":{"last":1}}',
        '{"error":[],"result":{"A":[],"B":[],"last":1}}',
        '{"error":[],"result":{"A":5,"last":1}}',
        '{"error":[],"result":{"A":[],"last":"x"}}',
        '{"error":[],"result":[]}',
        "[]",
        "null",
    ],
)
def test_another_shape_is_never_an_empty_answer(body: str) -> None:
    """Bars, price and list refuse it."""
    ask = BarsAsk(BTC, Interval.M1, TimeRange(T0, T0 + 60))
    with pytest.raises(UNREADABLE):
        BARS.read(Reply(200, body.encode()), ask)
    with pytest.raises(UNREADABLE):
        PRICE.read(Reply(200, body.encode()), BTC)


def test_a_price_of_several_pairs_is_refused() -> None:
    """Nobody can tell which is meant."""
    ticker = '{"c":["1.5","1"]}'
    body = f'{{"error":[],"result":{{"A":{ticker},"B":{ticker}}}}}'
    with pytest.raises(Unreadable):
        PRICE.read(Reply(200, body.encode()), BTC)
