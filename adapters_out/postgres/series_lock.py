"""One writer per series; readers of the past wait for it."""

import zlib

from adapters_out.postgres.pool import Connection
from domain.errors import NoData
from domain.instrument import SeriesKey

# The first half of our two-part advisory keys; any number that nobody else in the database uses.
_SPACE = 0x666B73  # "fks"
_EXCLUSIVE = "SELECT pg_advisory_xact_lock(%s, %s)"
_SHARED = """
SELECT pg_advisory_xact_lock_shared(%s, %s),
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
"""


async def lock_for_writing(connection: Connection, key: SeriesKey) -> None:
    """Hold the series until the transaction ends; later statements see what the last one did.

    By a hash of the key, so that a series can be locked before it exists. Two series that share
    a hash merely wait for each other.
    """
    await connection.execute(_EXCLUSIVE, (_SPACE, _hash(key)))


async def lock_the_past(connection: Connection, key: SeriesKey, as_of: int) -> None:
    """Wait until no writer can still learn something at or before ``as_of`` (µs).

    A writer dates its bars by the database's clock after it got the lock: those before us have
    committed by now, those after us are later than this moment.

    Raises:
        NoData: ``as_of`` has not come yet.
    """
    cursor = await connection.execute(_SHARED, (_SPACE, _hash(key)))
    row = await cursor.fetchone()
    if row is None or as_of > row[1]:
        raise NoData("as_of lies in the future: nobody knows yet.")


def _hash(key: SeriesKey) -> int:
    name = f"{key.instrument}\0{key.interval.value}\0{key.provider}".encode()
    return zlib.crc32(name) - 2**31
