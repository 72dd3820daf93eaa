"""The OpenAPI document and the service keep each other's promises, tried by Schemathesis."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.adapters_in.http.house import House

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
# HEAD is GET without a body, by one handler for all routes: two of them stand for the others.
_WITH_HEAD = {"/api/v1/data/ohlcv", "/health"}
schema = schemathesis.openapi.from_asgi("/openapi.json", _house.app, config=_CONFIG).exclude(
    lambda found: found.operation.method == "head" and found.operation.path not in _WITH_HEAD
)


@schema.parametrize()
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_api(case: schemathesis.Case[Any]) -> None:
    """Every answer to generated requests is one that the document promises."""
    case.call_and_validate()
    assert _house.telemetry.named("request_failed") == []
