"""How long bars are kept: for ever, unless an operator says otherwise."""

from adapters_out.postgres.pool import Connection, PostgresPool
from adapters_out.postgres.schema import has_timescale
from domain.errors import StoreUnavailable

_FORGET = "SELECT remove_retention_policy('bars', if_exists => true)"
_KEEP = """
SELECT add_retention_policy(
  'bars', drop_after => make_interval(days => %s), if_not_exists => true
)
"""


async def keep_bars_for(pool: PostgresPool, days: int | None) -> None:
    """Let TimescaleDB drop chunks older than ``days``; None keeps everything.

    What was dropped counts as lost by us: asked for again, it is fetched again.

    Raises:
        StoreUnavailable: a number of days on a database without TimescaleDB.
    """

    async def work(connection: Connection) -> None:
        async with connection.transaction():
            if not await has_timescale(connection):
                _refuse(days)
                return
            await connection.execute(_FORGET)
            if days is not None:
                await connection.execute(_KEEP, (days,))

    await pool.within(work)


def _refuse(days: int | None) -> None:
    if days is not None:
        raise StoreUnavailable(
            "Bars can only be dropped by age on TimescaleDB: install the extension or keep them."
        )
