"""Whatever comes over a stream: the same for the feeds of all providers that speak JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters_out.provider_kit.discovery import discover
from tests.providers.binance import test_binance_feed as binance
from tests.providers.coinbase import test_coinbase_feed as coinbase
from tests.providers.eodhd import test_eodhd_feed as eodhd
from tests.providers.kraken import test_kraken_feed as kraken
from tests.providers.kucoin import test_kucoin_feed as kucoin
from tests.providers.massive_futures import test_massive_futures_feed as massive_futures
from tests.providers.polygon import test_polygon_feed as polygon
from tests.providers.streams import assert_read_or_refused, spoiled

SPOKEN = {
    room.FEED.name: (room.FEED, room.MESSAGES)
    for room in (binance, coinbase, eodhd, kraken, kucoin, massive_futures, polygon)
    if room.FEED is not None
}


def test_every_feed_is_spoilt() -> None:
    """Nobody is left out but Yahoo, whose bytes are spoilt beneath their Base64, too."""
    with_feed = {name for name, provider in discover().items() if provider.feed is not None}
    assert with_feed == {*SPOKEN, "yahoo"}


@pytest.mark.parametrize("name", SPOKEN)
@given(data=st.data())
def test_whatever_comes_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """No other exception, and no number that is none."""
    feed, messages = SPOKEN[name]
    assert_read_or_refused(feed, data.draw(spoiled(messages)))
