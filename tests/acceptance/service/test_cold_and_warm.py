"""The first curl, the second, and the one after a restart."""

from tests.acceptance.service.exchange import KLINES
from tests.acceptance.service.stage import Stage


def test_the_first_answer_comes_from_a_provider_and_the_second_from_memory(stage: Stage) -> None:
    """A cold service asks a provider once; asked again it says cached and asks nobody."""
    service = stage.serve()
    first = service.bars(limit=500)
    assert first.status == 200, first
    body = first.json()
    assert (body["provider"], body["cached"], body["substituted"]) == ("binance", False, False)
    assert len(body["data"]) == 500
    assert len(stage.exchange.arrivals(path=KLINES)) == 1
    second = service.bars(limit=500)
    assert second.json()["cached"] is True
    assert second.data_bytes == first.data_bytes
    assert len(stage.exchange.arrivals()) == 1
