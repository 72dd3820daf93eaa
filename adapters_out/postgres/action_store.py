"""Corporate actions in PostgreSQL: the tables of ``migrations/0005_actions.sql``."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from adapters_out.postgres.columns import Moment
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.actions import ActionKind, CorporateAction, in_order
from ports.actions import ActionStore, KnownActions

_LIST = """
INSERT INTO action_lists (instrument, provider, fetched_at)
VALUES (%(instrument)s, %(provider)s, %(fetched_at)s)
ON CONFLICT (instrument, provider) DO UPDATE SET fetched_at = excluded.fetched_at
"""
_TOLD = """unnest(%(kinds)s::text[], %(days)s::date[], %(ratios)s::float8[],
  %(amounts)s::float8[], %(currencies)s::text[]) AS told (kind, ex_date, ratio, amount, currency)
WHERE (told.kind, told.ex_date, told.ratio, told.amount, told.currency) =
  (actions.kind, actions.ex_date, actions.ratio, actions.amount, actions.currency)"""
_SUPERSEDE = f"""
UPDATE actions SET superseded_at = clock_timestamp()
WHERE instrument = %(instrument)s AND provider = %(provider)s AND superseded_at IS NULL
AND NOT EXISTS (SELECT FROM {_TOLD})
"""  # noqa: S608 - put together from constants
_ENTER = """
INSERT INTO actions (instrument, provider, kind, ex_date, ratio, amount, currency)
SELECT %(instrument)s, %(provider)s, told.* FROM unnest(%(kinds)s::text[], %(days)s::date[],
  %(ratios)s::float8[], %(amounts)s::float8[], %(currencies)s::text[]) AS told
ON CONFLICT DO NOTHING
"""
_FETCHED = """
SELECT extract(epoch FROM fetched_at)::float8 FROM action_lists
WHERE instrument = %(instrument)s AND provider = %(provider)s
AND (%(as_of)s::timestamptz IS NULL OR known_at <= %(as_of)s)
"""
_BELIEVED = """
SELECT kind, ex_date, ratio, amount, currency FROM actions
WHERE instrument = %(instrument)s AND provider = %(provider)s AND CASE
  WHEN %(as_of)s::timestamptz IS NULL THEN superseded_at IS NULL
  ELSE known_at <= %(as_of)s AND (superseded_at IS NULL OR superseded_at > %(as_of)s) END
"""


class PostgresActionStore(ActionStore):
    """The tables ``action_lists`` and ``actions``."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def write(
        self,
        instrument: str,
        provider: str,
        actions: Sequence[CorporateAction],
        fetched_at: float,
    ) -> int:
        told = in_order(set(actions))
        values: dict[str, Any] = {
            "instrument": instrument,
            "provider": provider,
            "fetched_at": Moment(us=round(fetched_at * 1_000_000)),
            "kinds": [each.kind.value for each in told],
            "days": [_day(each.ex_date) for each in told],
            "ratios": [each.ratio for each in told],
            "amounts": [each.amount for each in told],
            "currencies": [each.currency for each in told],
        }

        async def work(connection: Connection) -> int:
            async with connection.transaction():
                await connection.execute(_LIST.encode(), values)  # locks out other lists
                gone = await connection.execute(_SUPERSEDE.encode(), values)
                new = await connection.execute(_ENTER.encode(), values)
                return gone.rowcount + new.rowcount

        return await self._pool.within(work)

    async def read(
        self, instrument: str, provider: str, as_of: int | None = None
    ) -> KnownActions | None:
        moment = None if as_of is None else Moment(us=as_of)
        values = {"instrument": instrument, "provider": provider, "as_of": moment}

        async def work(connection: Connection) -> KnownActions | None:
            fetched = await (await connection.execute(_FETCHED.encode(), values)).fetchone()
            if fetched is None:
                return None
            rows = await (await connection.execute(_BELIEVED.encode(), values)).fetchall()
            return KnownActions(provider, in_order(map(_action, rows)), float(fetched[0]))

        return await self._pool.within(work)


def _day(ts: int) -> date:
    return datetime.fromtimestamp(ts, UTC).date()


def _action(row: tuple[Any, ...]) -> CorporateAction:
    kind, day, ratio, amount, currency = row
    ts = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return CorporateAction(ts, ActionKind(kind), ratio, amount, currency)
