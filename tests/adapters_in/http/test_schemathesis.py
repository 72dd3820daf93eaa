"""The OpenAPI document and the service keep each other's promises, tried by Schemathesis."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from adapters_in.http.kinds import MICROS, Malformed, Moment
from domain.errors import InvalidRequest
from domain.instrument import resolve_symbol
from domain.interval import Interval
from tests.adapters_in.http.house import NOW, House

pytestmark = pytest.mark.slow

# Understood but not offered (an interval that a provider lacks) is 422 by the public interface.
_CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "3xx", "404", "422"],
            }
        }
    }
)
_house = House(asyncio.Runner().run)
schema = schemathesis.openapi.from_asgi("/openapi.json", _house.app, config=_CONFIG)


def _seconds(value: object) -> int | None:
    """A generated time as the service reads it, None if it is none."""
    try:
        return Moment(fine=True).read(str(value)) // MICROS
    except Malformed:
        return None


def _holds_together(case: schemathesis.Case[Any]) -> bool:
    """Whether the values fit each other and the world, which JSON Schema cannot say.

    A symbol is no derivative and not priced in itself, an end lies after its start, ``as_of``
    and the bars of a job not in the future, and a cursor is one that the service gave.
    """
    values = {**case.path_parameters, **case.query}
    body = case.body if isinstance(case.body, Mapping) else {}
    values |= body
    symbol = values.get("symbol") or "/".join((values.get("base", "A"), values.get("quote", "B")))
    first = _seconds(values.get("start", values.get("start_date")))
    stop = _seconds(values.get("end", values.get("end_date")))
    as_of = _seconds(values.get("as_of"))
    return (
        _is_symbol(str(symbol))
        and (first is None or stop is None or first < stop)
        and (as_of is None or as_of < NOW)
        and "cursor" not in values
        and (not body or _has_closed_bars(str(body.get("interval")), first, stop))
    )


def _is_symbol(text: str) -> bool:
    try:
        resolve_symbol(text)
    except InvalidRequest:
        return False
    return True


def _has_closed_bars(interval: str, first: int | None, stop: int | None) -> bool:
    if interval not in {i.value for i in Interval} or first is None or stop is None:
        return False
    length = Interval(interval)
    return length.count(first, stop) > 0 and stop <= length.floor(int(NOW))


@schema.parametrize()
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_api(case: schemathesis.Case[Any]) -> None:
    """Every answer to generated requests is one that the document promises."""
    unfit: list[Any] = [] if _holds_together(case) else [positive_data_acceptance]
    case.call_and_validate(excluded_checks=unfit)
    assert _house.telemetry.named("request_failed") == []
