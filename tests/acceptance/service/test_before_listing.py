"""A start years before the instrument's first bar."""

from datetime import UTC, datetime
from typing import Any

from adapters_in.simulator.assets import ASSETS
from tests.acceptance.service.exchange import KLINES
from tests.acceptance.service.stage import Stage

_LISTED = ASSETS["BTC-USDT"].listed
_FIRST_DAY = _LISTED - _LISTED % 86_400
_LONG_AGO = int(datetime(2014, 1, 1, tzinfo=UTC).timestamp())


def test_bitcoin_since_2014_begins_where_the_exchange_begins(stage: Stage) -> None:
    """Five hundred days from the listing on, the years before named; asked again from memory."""
    service = stage.serve()
    asked: dict[str, Any] = {"interval": "1d", "start": _LONG_AGO, "limit": 500}
    first = service.bars(**asked)
    assert first.status == 200, first
    body = first.json()
    assert [row["ts"] for row in body["data"]] == [_FIRST_DAY + n * 86_400 for n in range(500)]
    assert body["gaps"] == [{"start": _LONG_AGO, "end": _FIRST_DAY, "reason": "not_listed"}]
    assert (body["provider"], body["quality"]["components"]["completeness"]) == ("binance", 100.0)
    assert body["next"] is not None
    assert [a.path for a in stage.exchange.arrivals()] == [KLINES] * 2
    stage.exchange.shut()
    service.stop()
    again = stage.serve().bars(**asked)
    assert (again.json()["cached"], again.data_bytes) == (True, first.data_bytes)
