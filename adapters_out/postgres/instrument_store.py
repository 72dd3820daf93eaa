"""The providers' instrument lists in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters_out.postgres.columns import Moment
from adapters_out.postgres.foreign_text import storable_text
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.alike import hints, hints_of
from domain.instrument import AssetClass, Instrument, Listing
from ports.instrument_store import ALIKE, InstrumentStore

_LIST = """
INSERT INTO symbol_lists (provider, fetched_at) VALUES (%(provider)s, %(fetched_at)s)
ON CONFLICT (provider) DO UPDATE SET fetched_at = excluded.fetched_at
"""
_FRESH = """unnest(
  %(symbols)s::text[], %(instruments)s::text[], %(classes)s::text[], %(bases)s::text[],
  %(quotes)s::text[], %(active)s::boolean[], %(begins)s::bigint[], %(ends)s::bigint[],
  %(names)s::text[], %(titles)s::text[], %(hints)s::text[]
) AS fresh (symbol, instrument, asset_class, base, quote, active, valid_from, valid_to,
  name, title, hints)"""
_RETIRE = f"""
INSERT INTO former_symbols
  (provider, symbol, instrument, asset_class, base, quote, valid_from, valid_to, name)
SELECT old.provider, old.symbol, old.instrument, old.asset_class, old.base, old.quote,
  old.valid_from, coalesce(old.valid_to, fresh.valid_from, %(at)s), old.name
FROM symbols AS old JOIN {_FRESH} USING (symbol)
WHERE old.provider = %(provider)s AND old.instrument <> fresh.instrument
"""  # noqa: S608  # made of constants
_COLUMNS = (
    *("instrument", "asset_class", "base", "quote", "active"),
    *("valid_from", "valid_to", "name", "title", "hints"),
)
_ENTER = f"""
INSERT INTO symbols AS old (provider, symbol, {", ".join(_COLUMNS)})
SELECT %(provider)s, fresh.symbol, fresh.instrument, fresh.asset_class, fresh.base, fresh.quote,
  fresh.active, coalesce(
    fresh.valid_from,
    CASE WHEN was.instrument = fresh.instrument THEN was.valid_from
      WHEN was.instrument IS NOT NULL THEN %(at)s END
  ), fresh.valid_to, fresh.name, fresh.title, string_to_array(fresh.hints, ' ')
FROM {_FRESH} LEFT JOIN symbols AS was
  ON was.provider = %(provider)s AND was.symbol = fresh.symbol
ON CONFLICT (provider, symbol) DO UPDATE SET
  {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
WHERE ({", ".join(f"old.{name}" for name in _COLUMNS)}) IS DISTINCT FROM
  ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
"""  # noqa: S608  # made of constants
_DELIST = """
UPDATE symbols SET active = false, valid_to = coalesce(valid_to, %(at)s)
WHERE provider = %(provider)s AND (active OR valid_to IS NULL) AND NOT EXISTS (
  SELECT FROM unnest(%(symbols)s::text[]) AS listed (symbol)
  WHERE listed.symbol = symbols.symbol
)
"""
_LISTS = "SELECT provider, extract(epoch FROM fetched_at)::float8 FROM symbol_lists"
_LISTING = """
SELECT provider, symbol, instrument, asset_class, base, quote, active, valid_from, valid_to, name
FROM symbols
"""
_OF_INSTRUMENT = f"""
{_LISTING} WHERE instrument = %(instrument)s ORDER BY provider COLLATE "C", symbol COLLATE "C"
"""
_SPELLED = f"""
SELECT provider, symbol, instrument, asset_class, base, quote, active, valid_from, valid_to, name
FROM (
  SELECT *, true AS is_current FROM ({_LISTING}) AS now
  UNION ALL
  SELECT provider, symbol, instrument, asset_class, base, quote, false, valid_from, valid_to,
    name, false FROM former_symbols
) AS every
WHERE upper(symbol) = %(text)s OR instrument = %(text)s
ORDER BY provider COLLATE "C", symbol COLLATE "C", is_current DESC, valid_to DESC
"""  # noqa: S608  # made of constants
_SEARCH = f"""
{_LISTING}
WHERE strpos(upper(symbol), %(text)s) > 0 OR strpos(instrument, %(text)s) > 0
  OR strpos(title, %(text)s) > 0
ORDER BY CASE
    WHEN upper(symbol) = %(text)s OR instrument = %(text)s THEN 0
    WHEN base = %(text)s THEN 1
    WHEN starts_with(upper(symbol), %(text)s) OR starts_with(instrument, %(text)s) THEN 2
    WHEN strpos(upper(symbol), %(text)s) > 0 OR strpos(instrument, %(text)s) > 0 THEN 3
    ELSE 4
  END, NOT active, instrument COLLATE "C", provider COLLATE "C", symbol COLLATE "C"
LIMIT %(limit)s
"""
_ALIKE = f"""
{_LISTING} WHERE hints && %(hints)s::text[]
ORDER BY instrument COLLATE "C", provider COLLATE "C", symbol COLLATE "C" LIMIT {ALIKE}
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
            "at": int(fetched_at),
            **_arrays(latest),
        }

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                for statement in (_LIST, _RETIRE, _ENTER, _DELIST):  # the first locks out others
                    await connection.execute(statement.encode(), values)

        await self._pool.within(work)

    async def lists(self) -> Mapping[str, float]:
        return dict(await self._rows(_LISTS, {}))

    async def of_instrument(self, instrument: str) -> Sequence[Listing]:
        rows = await self._rows(_OF_INSTRUMENT, {"instrument": storable_text(instrument)})
        return [_listing(row) for row in rows]

    async def spelled(self, text: str) -> Sequence[Listing]:
        rows = await self._rows(_SPELLED, {"text": storable_text(text)})
        return [_listing(row) for row in rows]

    async def alike(self, text: str) -> Sequence[Listing]:
        rows = await self._rows(_ALIKE, {"hints": sorted(hints(text))})
        return [_listing(row) for row in rows]

    async def search(self, text: str, limit: int) -> Sequence[Listing]:
        rows = await self._rows(_SEARCH, {"text": storable_text(text), "limit": limit})
        return [_listing(row) for row in rows]

    async def _rows(self, statement: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        async def ask(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), values)).fetchall()

        return await self._pool.within(ask)


def _arrays(listings: Mapping[str, Listing]) -> dict[str, list[Any]]:
    """The columns of a list; the hints of each in one text, since arrays must be rectangular."""
    values = list(listings.values())
    names = [storable_text(each.name) for each in values]
    return {
        "symbols": list(listings),
        "instruments": [storable_text(each.instrument.id) for each in values],
        "classes": [each.instrument.asset_class.value for each in values],
        "bases": [storable_text(each.instrument.base) for each in values],
        "quotes": [storable_text(each.instrument.quote) for each in values],
        "active": [each.active for each in values],
        "begins": [each.valid_from for each in values],
        "ends": [each.valid_to for each in values],
        "names": names,
        "titles": [name.upper() for name in names],
        "hints": [" ".join(hints_of(each)) for each in values],
    }


def _listing(row: tuple[Any, ...]) -> Listing:
    provider, symbol, instrument, asset_class, base, quote, active, begins, ends, name = row
    what = Instrument(instrument, AssetClass(asset_class), base, quote)
    return Listing(provider, symbol, what, active, begins, ends, name)
