"""What PostgreSQL keeps of ticks beside what it answers: trades as they were once."""

import psycopg

from adapters_out.postgres.pool import PostgresPool
from adapters_out.postgres.tick_store import PostgresTickStore
from domain.ticks import Quote, Side, TickKey, TicksPage, Trade
from tests.runner import Run

KEY = TickKey("AAPL", "polygon")
T0 = 1_651_181_822_461_979_400
_KEPT = """
SELECT ts_ns, id, price, size, side, received_ns, superseded_ns
FROM trade_revisions ORDER BY superseded_ns, ts_ns, id
"""


def _kept(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(_KEPT).fetchall()


def test_what_a_trade_was_before_its_corrections_is_kept(
    run: Run, pool: PostgresPool, url: str
) -> None:
    """Each of its former values, since when we knew it and until when."""
    store = PostgresTickStore(pool)
    prices = {100: 156.43, 200: 156.4, 300: 156.4, 400: 156.41}
    for received, price in prices.items():
        ticks = (
            Trade(ts_ns=T0, price=price, size=10.0, id="11:3:183276", side=Side.BUY),
            Trade(ts_ns=T0, price=1.0, size=10.0, id="12:183276"),
            Trade(ts_ns=T0 + 1, price=price, size=10.0),
        )
        run(store.write(Trade, KEY, TicksPage(ticks=ticks, received_ns=received)))
    assert _kept(url) == [
        (T0, "11:3:183276", 156.43, 10.0, "buy", 100, 200),
        (T0, "11:3:183276", 156.4, 10.0, "buy", 200, 400),
    ]


def test_what_is_the_same_leaves_no_trace(run: Run, pool: PostgresPool, url: str) -> None:
    """Trades and quotes that come again, absent values included; nor do other series' trades."""
    store = PostgresTickStore(pool)
    trade = Trade(ts_ns=T0, price=-0.0, size=1.0, id="7")
    quote = Quote(ts_ns=T0, bid_price=1.0)
    for received in (1, 2):
        run(store.write(Trade, KEY, TicksPage(ticks=(trade,), received_ns=received)))
        run(store.write(Quote, KEY, TicksPage(ticks=(quote,), received_ns=received)))
    other = Trade(ts_ns=T0, price=9.0, size=1.0, id="7")
    elsewhere = TickKey("MSFT", "polygon")
    run(store.write(Trade, elsewhere, TicksPage(ticks=(other,), received_ns=3)))
    assert _kept(url) == []
