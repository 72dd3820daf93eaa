"""Answers about futures in the memory of the process."""

from collections.abc import Sequence

from domain.futures import Contract, FuturesAnswer, FuturesAsk, FuturesPart, FuturesRecord
from ports.futures import KEEP_S, FuturesStore


class MemoryFuturesStore(FuturesStore):
    """Forgets everything with the process."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._answers: dict[tuple[str, str], FuturesAnswer] = {}

    async def write(
        self,
        provider: str,
        ask: FuturesAsk,
        part: FuturesPart,
        fetched_at: float,
        *,
        after: str | None = None,
    ) -> bool:
        name, records = (provider, ask.key), part.records
        if after is None:
            self._forget(fetched_at - KEEP_S)
        else:
            before = self._answers.get(name)
            if before is None or before.more != after:
                return False
            records, fetched_at = (*before.records, *records), before.fetched_at
        self._answers[name] = FuturesAnswer(_distinct(records), fetched_at, part.more)
        return True

    async def read(self, provider: str, ask: FuturesAsk) -> FuturesAnswer | None:
        return self._answers.get((provider, ask.key))

    async def contracts(self, provider: str, ticker: str) -> Sequence[Contract]:
        found = {
            (record.key, record.date): record
            for (name, _), answer in self._answers.items()
            for record in answer.records
            if name == provider and isinstance(record, Contract) and record.ticker == ticker
        }
        return sorted(found.values(), key=lambda c: (c.date or "", c.key), reverse=True)

    def _forget(self, before: float) -> None:
        old = [name for name, answer in self._answers.items() if answer.fetched_at < before]
        for name in old:
            del self._answers[name]


def _distinct(records: Sequence[FuturesRecord]) -> tuple[FuturesRecord, ...]:
    """Each record once, as it was told first."""
    found: dict[str, FuturesRecord] = {}
    for record in records:
        found.setdefault(record.key, record)
    return tuple(found.values())
