"""A writer to be killed: appends batches for ever and says which ones are committed.

``python -m tests.adapters_out.postgres.writer_process URL FIRST_BATCH``
"""

import asyncio
import sys
from itertools import count

from adapters_out.postgres.bar_store import PostgresBarStore
from adapters_out.postgres.pool import PostgresPool
from tests.contracts.bar_stores import walk

BATCH = 2_000


async def write(url: str, first: int) -> None:
    """One line per committed batch: its number."""
    async with PostgresPool(url, max_size=1) as pool:
        store = PostgresBarStore(pool)
        for number in count(first):
            await store.write(walk(BATCH, first=number * BATCH))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2])))
