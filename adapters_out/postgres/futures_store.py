"""Answers about futures in PostgreSQL."""

from collections.abc import Sequence

import msgspec

from adapters_out.postgres.columns import Moment
from adapters_out.postgres.foreign_text import storable_text
from adapters_out.postgres.pool import Connection, PostgresPool
from domain.futures import Contract, FuturesAnswer, FuturesAsk, FuturesPart, record_of
from ports.futures import KEEP_S, FuturesStore

_FORGET = "DELETE FROM futures_answers WHERE fetched_at < %s"
# Whoever asks the same at the same time waits here.
_BEGIN = """
INSERT INTO futures_answers (provider, question, fetched_at, more) VALUES (%s, %s, %s, %s)
ON CONFLICT (provider, question) DO UPDATE SET
  fetched_at = excluded.fetched_at, more = excluded.more
RETURNING id
"""
_EMPTY = "DELETE FROM futures_records WHERE answer_id = %s"
_GO_ON = """
UPDATE futures_answers SET more = %s WHERE provider = %s AND question = %s AND more = %s
RETURNING id
"""
_ADD = """
INSERT INTO futures_records (answer_id, place, key, ticker, record)
SELECT %(answer)s, nth + (
    SELECT coalesce(max(place), 0) FROM futures_records WHERE answer_id = %(answer)s
  ), key, ticker, record
FROM unnest(%(keys)s::text[], %(tickers)s::text[], %(records)s::text[])
  WITH ORDINALITY AS told (key, ticker, record, nth)
ON CONFLICT (answer_id, key) DO NOTHING
"""
_ANSWER = """
SELECT extract(epoch FROM fetched_at)::float8, more, array(
  SELECT record FROM futures_records WHERE answer_id = id ORDER BY place
) FROM futures_answers WHERE provider = %s AND question = %s
"""
_CONTRACTS = """
SELECT DISTINCT record FROM futures_records JOIN futures_answers ON id = answer_id
WHERE provider = %s AND ticker = %s
"""


class PostgresFuturesStore(FuturesStore):
    """The tables ``futures_answers`` and ``futures_records``."""

    def __init__(self, pool: PostgresPool) -> None:
        """Borrow the process's pool."""
        self._pool = pool

    async def write(
        self,
        provider: str,
        ask: FuturesAsk,
        part: FuturesPart,
        fetched_at: float,
        *,
        after: str | None = None,
    ) -> bool:
        async def work(connection: Connection) -> bool:
            answer: int | None
            async with connection.transaction():
                if after is None:
                    answer = await _begin(connection, provider, ask, part, fetched_at)
                else:
                    answer = await _go_on(connection, provider, ask, part, after)
                if answer is not None:
                    await _add(connection, answer, part)
            return answer is not None

        return await self._pool.within(work)

    async def read(self, provider: str, ask: FuturesAsk) -> FuturesAnswer | None:
        async def work(connection: Connection) -> FuturesAnswer | None:
            cursor = await connection.execute(_ANSWER, (provider, storable_text(ask.key)))
            row = await cursor.fetchone()
            if row is None:
                return None
            kind = record_of(ask.kind)
            try:
                records = tuple(msgspec.json.decode(text, type=kind) for text in row[2])
            except msgspec.ValidationError:
                return None  # written by a version whose records looked different
            return FuturesAnswer(records, float(row[0]), row[1])

        return await self._pool.within(work)

    async def contracts(self, provider: str, ticker: str) -> Sequence[Contract]:
        async def work(connection: Connection) -> Sequence[Contract]:
            cursor = await connection.execute(_CONTRACTS, (provider, storable_text(ticker)))
            rows = await cursor.fetchall()
            return [msgspec.json.decode(text, type=Contract) for (text,) in rows]

        found = await self._pool.within(work)
        return sorted(found, key=lambda c: (c.date or "", c.key), reverse=True)


async def _begin(
    connection: Connection, provider: str, ask: FuturesAsk, part: FuturesPart, fetched_at: float
) -> int:
    """An empty answer in the place of an older one; what nobody asked for lately is dropped."""
    at, old = (Moment(us=round(s * 1_000_000)) for s in (fetched_at, fetched_at - KEEP_S))
    await connection.execute(_FORGET, (old,))
    values = (provider, storable_text(ask.key), at, part.more)
    row = await (await connection.execute(_BEGIN, values)).fetchone()
    answer = int(row[0]) if row else 0
    await connection.execute(_EMPTY, (answer,))
    return answer


async def _go_on(
    connection: Connection, provider: str, ask: FuturesAsk, part: FuturesPart, after: str
) -> int | None:
    values = (part.more, provider, storable_text(ask.key), after)
    row = await (await connection.execute(_GO_ON, values)).fetchone()
    return None if row is None else int(row[0])


async def _add(connection: Connection, answer: int, part: FuturesPart) -> None:
    texts = [msgspec.json.encode(record).decode() for record in part.records]
    values = {
        "answer": answer,
        "keys": [storable_text(record.key) for record in part.records],
        "tickers": [
            storable_text(record.ticker) if isinstance(record, Contract) else None
            for record in part.records
        ],
        "records": texts,
    }
    await connection.execute(_ADD, values)
