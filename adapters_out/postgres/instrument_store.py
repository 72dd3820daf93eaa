"""The providers' instrument lists in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from adapters_out.postgres.columns import Moment
from adapters_out.postgres.foreign_text import storable_text
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.instrument import AssetClass, Instrument, Listing
from ports.instrument_store import InstrumentStore

_LIST = """
INSERT INTO symbol_lists (provider, fetched_at) VALUES (%(provider)s, %(fetched_at)s)
ON CONFLICT (provider) DO UPDATE SET fetched_at = excluded.fetched_at
"""
_ENTER = """
INSERT INTO symbols AS old (provider, symbol, instrument, asset_class, base, quote, active)
SELECT %(provider)s, fresh.* FROM unnest(
  %(symbols)s::text[], %(instruments)s::text[], %(classes)s::text[], %(bases)s::text[],
  %(quotes)s::text[], %(active)s::boolean[]
) AS fresh
ON CONFLICT (provider, symbol) DO UPDATE SET
  instrument = excluded.instrument, asset_class = excluded.asset_class,
  base = excluded.base, quote = excluded.quote, active = excluded.active
WHERE (old.instrument, old.asset_class, old.base, old.quote, old.active) IS DISTINCT FROM
  (excluded.instrument, excluded.asset_class, excluded.base, excluded.quote, excluded.active)
"""
_DELIST = """
UPDATE symbols SET active = false
WHERE provider = %(provider)s AND active AND NOT EXISTS (
  SELECT FROM unnest(%(symbols)s::text[]) AS listed (symbol)
  WHERE listed.symbol = symbols.symbol
)
"""
_FETCHED_AT = """
SELECT extract(epoch FROM fetched_at)::float8 FROM symbol_lists WHERE provider = %(provider)s
"""
_OF_SYMBOL = """
SELECT provider, symbol, instrument, asset_class, base, quote, active FROM symbols
WHERE provider = %(provider)s AND symbol = %(symbol)s
"""
_OF_INSTRUMENT = """
SELECT provider, symbol, instrument, asset_class, base, quote, active FROM symbols
WHERE instrument = %(instrument)s ORDER BY provider COLLATE "C", symbol COLLATE "C"
"""
_SEARCH = """
SELECT provider, symbol, instrument, asset_class, base, quote, active FROM symbols
WHERE strpos(upper(symbol), %(text)s) > 0 OR strpos(instrument, %(text)s) > 0
ORDER BY NOT (starts_with(upper(symbol), %(text)s) OR starts_with(instrument, %(text)s)),
  NOT active, instrument COLLATE "C", provider COLLATE "C", symbol COLLATE "C"
LIMIT %(limit)s
"""


class PostgresInstrumentStore(InstrumentStore):
    """The tables ``symbol_lists`` and ``symbols``."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def replace(self, provider: str, listings: Sequence[Listing], fetched_at: float) -> None:
        latest = {storable_text(each.symbol): each for each in listings}
        values = {
            "provider": provider,
            "fetched_at": Moment(us=round(fetched_at * 1_000_000)),
            "symbols": list(latest),
            "instruments": [each.instrument.id for each in latest.values()],
            "classes": [each.instrument.asset_class.value for each in latest.values()],
            "bases": [each.instrument.base for each in latest.values()],
            "quotes": [each.instrument.quote for each in latest.values()],
            "active": [each.active for each in latest.values()],
        }

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                for statement in (_LIST, _ENTER, _DELIST):  # the first locks out other lists
                    await connection.execute(statement, values)

        await self._pool.within(work)

    async def fetched_at(self, provider: str) -> float | None:
        rows = await self._rows(_FETCHED_AT, {"provider": provider})
        return float(rows[0][0]) if rows else None

    async def of_symbol(self, provider: str, symbol: str) -> Listing | None:
        names = {"provider": provider, "symbol": storable_text(symbol)}
        rows = await self._rows(_OF_SYMBOL, names)
        return _listing(rows[0]) if rows else None

    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        rows = await self._rows(_OF_INSTRUMENT, {"instrument": storable_text(instrument)})
        return [_listing(row) for row in rows]

    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        rows = await self._rows(_SEARCH, {"text": storable_text(text), "limit": limit})
        return [_listing(row) for row in rows]

    async def _rows(self, statement: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        async def ask(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), values)).fetchall()

        return await self._pool.within(ask)


def _listing(row: tuple[Any, ...]) -> Listing:
    provider, symbol, instrument, asset_class, base, quote, active = row
    return Listing(
        provider, symbol, Instrument(instrument, AssetClass(asset_class), base, quote), active
    )
