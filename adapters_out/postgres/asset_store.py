"""Snapshots of assets in PostgreSQL: the tables of ``migrations/0008_assets.sql``."""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from adapters_out.postgres.columns import Moment
from adapters_out.postgres.foreign_text import storable_text
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.assets import AssetSnapshot, KnownAsset
from ports.assets import AssetStore

# The first half of our two-part advisory keys; any number that nobody else in the database uses.
_SPACE = 0x666B61  # "fka"
_YEAR_9999_US = 253_402_300_799 * 1_000_000
_TYPES = {
    "id": "text",
    "asset": "text",
    "ts": "bigint",
    "name": "text",
    "currency": "text",
    "rank": "integer",
    **dict.fromkeys(
        (
            *("price", "market_cap", "fully_diluted_market_cap", "volume_24h", "change_24h_pct"),
            *("circulating_supply", "total_supply", "max_supply"),
        ),
        "float8",
    ),
}
_COLUMNS = ", ".join(_TYPES)
_FRESH = ", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())
_SAID = ", ".join(f"fresh.{name}" for name in _TYPES)
_BEFORE = ", ".join(f"old.{name}" for name in _TYPES)
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
# Later than everything that is known of the provider, whatever the clock of the server does.
_NOW = """
SELECT greatest(clock_timestamp(), (
  SELECT max(known_at) FROM asset_snapshots
  WHERE provider = %(provider)s AND known_until = 'infinity'
) + interval '1 microsecond', (
  SELECT max(known_at) FROM asset_descriptions WHERE provider = %(provider)s
) + interval '1 microsecond')
"""
_END = f"""
UPDATE asset_snapshots AS old SET known_until = %(now)s FROM unnest({_FRESH}) AS fresh ({_COLUMNS})
WHERE old.provider = %(provider)s AND old.id = fresh.id AND old.known_until = 'infinity'
  AND fresh.ts >= old.ts AND ({_SAID}) IS DISTINCT FROM ({_BEFORE})
"""  # noqa: S608  # columns of our own
_ENTER = f"""
INSERT INTO asset_snapshots (provider, known_at, {_COLUMNS})
SELECT %(provider)s, %(now)s, {_SAID} FROM unnest({_FRESH}) AS fresh ({_COLUMNS})
WHERE NOT EXISTS (
  SELECT FROM asset_snapshots AS old
  WHERE old.provider = %(provider)s AND old.id = fresh.id AND old.known_until = 'infinity'
)
"""  # noqa: S608  # columns of our own
_DESCRIBE = """
INSERT INTO asset_descriptions (provider, id, known_at, metadata)
SELECT %(provider)s, fresh.id, %(now)s, fresh.metadata
FROM unnest(%(described)s::text[], %(metadata)s::jsonb[]) AS fresh (id, metadata)
WHERE fresh.metadata IS DISTINCT FROM (
  SELECT old.metadata FROM asset_descriptions AS old
  WHERE old.provider = %(provider)s AND old.id = fresh.id ORDER BY known_at DESC LIMIT 1
)
"""
_SELECT = f"""
SELECT {_COLUMNS}, provider,
  (extract(epoch FROM known_at) * 1000000)::bigint,
  (SELECT metadata::text FROM asset_descriptions AS told
   WHERE told.provider = shown.provider AND told.id = shown.id
     AND told.known_at <= %(at)s ORDER BY told.known_at DESC LIMIT 1)
FROM asset_snapshots AS shown WHERE provider = %(provider)s
"""  # noqa: S608  # columns of our own
_THEN = "AND known_at <= %(at)s AND known_until > %(at)s"
_RANKED = f"""
{_SELECT} {_THEN} AND id IN (
  SELECT DISTINCT ON (rank) id FROM asset_snapshots
  WHERE provider = %(provider)s AND rank > %(offset)s {_THEN}
  ORDER BY rank, known_at DESC, id COLLATE "C" DESC
) ORDER BY rank LIMIT %(limit)s
"""  # noqa: S608  # columns of our own
_OF_ASSET = f"""
{_SELECT} {_THEN} AND asset = %(asset)s ORDER BY rank NULLS LAST, id COLLATE "C" LIMIT 1
"""

Row = tuple[Any, ...]


class PostgresAssetStore(AssetStore):
    """Writers of one provider wait for each other."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def record(self, snapshots: Sequence[AssetSnapshot]) -> int:
        latest = {snapshot.id: snapshot for snapshot in snapshots}
        if not latest:
            return 0
        provider = snapshots[0].provider
        values = _values(provider, list(latest.values()))

        async def work(connection: Connection) -> int:
            async with connection.transaction():
                await connection.execute(_LOCK, (_SPACE, zlib.crc32(provider.encode()) - 2**31))
                now = await (await connection.execute(_NOW, values)).fetchone()
                dated = values | {"now": now[0] if now else None}
                await connection.execute(_DESCRIBE, dated)
                await connection.execute(_END.encode(), dated)
                return (await connection.execute(_ENTER.encode(), dated)).rowcount

        return await self._pool.within(work)

    async def ranked(
        self, provider: str, limit: int, offset: int, as_of: int | None = None
    ) -> Sequence[KnownAsset]:
        chosen = {"limit": limit, "offset": offset, "at": _moment(as_of)}
        return await self._read(_RANKED, {"provider": provider, **chosen})

    async def of_asset(
        self, provider: str, code: str, as_of: int | None = None
    ) -> KnownAsset | None:
        chosen = {"asset": storable_text(code), "at": _moment(as_of)}
        found = await self._read(_OF_ASSET, {"provider": provider, **chosen})
        return found[0] if found else None

    async def _read(self, statement: str, values: dict[str, Any]) -> Sequence[KnownAsset]:
        async def work(connection: Connection) -> Sequence[Row]:
            return await (await connection.execute(statement.encode(), values)).fetchall()

        return [_known(row) for row in await self._pool.within(work)]


def _moment(as_of: int | None) -> Moment:
    return Moment(us=_YEAR_9999_US if as_of is None else as_of)


def _values(provider: str, snapshots: Sequence[AssetSnapshot]) -> dict[str, Any]:
    """Columns; texts as PostgreSQL takes them."""
    described = [snapshot for snapshot in snapshots if snapshot.metadata]
    columns = {
        name: [_storable(getattr(snapshot, name)) for snapshot in snapshots] for name in _TYPES
    }
    return {
        **columns,
        "provider": provider,
        "described": [storable_text(snapshot.id) for snapshot in described],
        "metadata": [_texts(snapshot) for snapshot in described],
    }


def _storable(value: object) -> object:
    return storable_text(value) if isinstance(value, str) else value


def _texts(snapshot: AssetSnapshot) -> str:
    kept = {storable_text(n): storable_text(text) for n, text in snapshot.metadata.items()}
    return msgspec.json.encode(kept).decode()


def _known(row: Row) -> KnownAsset:
    *columns, provider, known_at, metadata = row
    texts = msgspec.json.decode(metadata, type=dict[str, str]) if metadata else {}
    fields = dict(zip(_TYPES, columns, strict=True))
    return KnownAsset(
        snapshot=AssetSnapshot(provider=provider, metadata=texts, **fields), known_at=known_at
    )
