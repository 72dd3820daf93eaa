"""What every AssetStore promises, whatever it is made of."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from adapters_out.memory.asset_store import MemoryAssetStore
from adapters_out.memory.clock import ManualClock
from adapters_out.postgres.asset_store import PostgresAssetStore
from adapters_out.postgres.pool import PostgresPool
from domain.assets import AssetSnapshot, KnownAsset
from ports.assets import AssetStore
from tests.runner import Run

T0 = 1_732_646_400


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest, run: Run) -> Iterator[AssetStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryAssetStore(ManualClock(T0))
        return
    pool = PostgresPool(request.getfixturevalue("database_url"), max_size=4)
    run(pool.open())
    yield PostgresAssetStore(pool)
    run(pool.close())


def snapshot(code: str = "BTC", rank: int | None = 1, at: int = 0, **more: Any) -> AssetSnapshot:  # noqa: ANN401  # fields
    """Of ``some``, whose ids are codes in lower case."""
    fields = {"id": code.lower(), "provider": "some"} | more
    return AssetSnapshot(asset=code, rank=rank, ts=T0 + at, **fields)


def said(found: Sequence[KnownAsset]) -> list[AssetSnapshot]:
    """Without when it was learned."""
    return [known.snapshot for known in found]


def newest(run: Run, store: AssetStore, code: str = "BTC") -> KnownAsset:
    """What is known now."""
    found = run(store.of_asset("some", code))
    assert found is not None
    return found


def test_nothing_is_known_at_first(run: Run, store: AssetStore) -> None:
    """Every question has an empty answer, and nothing can be recorded."""
    assert run(store.ranked("some", 10, 0)) == []
    assert run(store.of_asset("some", "BTC")) is None
    assert run(store.of_asset("some", "\0")) is None
    assert run(store.record([])) == 0


def test_a_snapshot_comes_back_as_it_was_said(run: Run, store: AssetStore) -> None:
    """Every bit of a number; what was not sent stays absent, and 0 is not absent."""
    full = snapshot(
        name="Bitcoin \x00",
        price=0.1 + 0.2,
        market_cap=1.7976931348623157e308,
        fully_diluted_market_cap=5e-324,
        volume_24h=0.0,
        change_24h_pct=-1.5,
        circulating_supply=19_799_950.0,
        total_supply=1.0,
        max_supply=21e6,
        metadata={"website": "https://bitcoin.org/", "note": "a\x00b 😀"},
    )
    assert run(store.record([full, snapshot("ETH", None)])) == 2
    back = newest(run, store).snapshot
    bare = msgspec.structs.replace
    assert bare(back, name=None, metadata={}) == bare(full, name=None, metadata={})
    assert back.metadata["website"] == "https://bitcoin.org/"
    assert newest(run, store, "ETH").snapshot == snapshot("ETH", None)


def test_what_says_the_same_is_recorded_once(run: Run, store: AssetStore) -> None:
    """Also beside what is new; a twin in one list is one."""
    assert run(store.record([snapshot(price=1.0), snapshot(price=1.0)])) == 1
    first = newest(run, store)
    assert run(store.record([snapshot(price=1.0), snapshot("ETH", 2)])) == 1
    assert newest(run, store) == first
    assert run(store.of_asset("some", "BTC", first.known_at)) == first
    assert run(store.of_asset("some", "BTC", first.known_at - 1)) is None


def test_what_changes_is_kept(run: Run, store: AssetStore) -> None:
    """A value that comes or goes is a change, and so is a correction; each as of its time."""
    values = [(0, 1.0), (60, 1.0), (60, 2.0), (60, None), (120, 0.0)]
    found: list[KnownAsset] = []
    for at, price in values:
        assert run(store.record([snapshot(at=at, price=price)])) == 1
        found.append(newest(run, store))
    assert said(found) == [snapshot(at=at, price=price) for at, price in values]
    learned = [known.known_at for known in found]
    assert learned == sorted(set(learned))
    assert [run(store.of_asset("some", "BTC", at)) for at in learned] == found
    before = [run(store.of_asset("some", "BTC", at - 1)) for at in learned]
    assert before == [None, *found[:-1]]


def test_an_answer_from_a_cache_does_not_turn_back_the_time(run: Run, store: AssetStore) -> None:
    """What is older than what is known changes nothing."""
    run(store.record([snapshot(at=60, price=2.0)]))
    assert run(store.record([snapshot(at=0, price=1.0)])) == 0
    assert newest(run, store).snapshot.price == 2.0


def test_what_was_known_stays_known(run: Run, store: AssetStore) -> None:
    """As of a moment: a pure function of it, whatever was learned later."""
    run(store.record([snapshot(price=1.0, metadata={"a": "1"}), snapshot("ETH", 2)]))
    then = newest(run, store).known_at
    before = run(store.ranked("some", 10, 0, then))
    run(store.record([snapshot("ETH", 1, at=60), snapshot(rank=2, at=60, metadata={"a": "2"})]))
    assert run(store.ranked("some", 10, 0, then)) == before
    assert [k.snapshot.asset for k in before] == ["BTC", "ETH"]
    assert before[0].snapshot.metadata == {"a": "1"}
    assert run(store.of_asset("some", "BTC", then)) == before[0]
    assert run(store.ranked("some", 10, 0, then - 1)) == []
    assert run(store.of_asset("some", "BTC", then - 1)) is None
    now = run(store.ranked("some", 10, 0))
    assert [(k.snapshot.asset, k.snapshot.metadata) for k in now] == [
        ("ETH", {}),
        ("BTC", {"a": "2"}),
    ]


def test_a_description_outlives_snapshots_without_one(run: Run, store: AssetStore) -> None:
    """Lists carry none: that takes nothing away; a new one replaces it."""
    run(store.record([snapshot(metadata={"a": "1"})]))
    run(store.record([snapshot(at=60)]))
    assert newest(run, store).snapshot == snapshot(at=60, metadata={"a": "1"})
    assert run(store.record([snapshot(at=60, metadata={"b": "2"})])) == 0
    assert newest(run, store).snapshot.metadata == {"b": "2"}


def test_assets_come_by_rank(run: Run, store: AssetStore) -> None:
    """From an offset on, without those that have no rank; each provider has its own."""
    run(store.record([snapshot(f"C{rank}", rank) for rank in (3, 1, 2, 5)]))
    run(store.record([snapshot("NONE", None)]))
    run(store.record([snapshot("X", 1, provider="other")]))
    ranks = [k.snapshot.rank for k in run(store.ranked("some", 2, 1))]
    assert ranks == [2, 3]
    assert [k.snapshot.asset for k in run(store.ranked("some", 10, 3))] == ["C5"]
    assert [k.snapshot.asset for k in run(store.ranked("other", 10, 0))] == ["X"]


def test_a_rank_has_one_owner(run: Run, store: AssetStore) -> None:
    """Who was last seen there: the one before has fallen out of the list."""
    run(store.record([snapshot("OLD", 7)]))
    run(store.record([snapshot("NEW", 7)]))
    assert [k.snapshot.asset for k in run(store.ranked("some", 10, 0))] == ["NEW"]
    assert newest(run, store, "OLD").snapshot.rank == 7


def test_of_several_assets_with_one_code_the_best_ranked_is_meant(
    run: Run, store: AssetStore
) -> None:
    """Codes collide; those without a rank come last."""
    twins = [
        snapshot("UNI", None, id="a"),
        snapshot("UNI", 900, id="b"),
        snapshot("UNI", 20, id="uniswap"),
    ]
    run(store.record(twins))
    assert newest(run, store, "UNI").snapshot.id == "uniswap"


def test_writers_do_not_get_into_each_others_way(run: Run, store: AssetStore) -> None:
    """Many at once record the same: it is new to one of them."""

    async def together() -> list[int]:
        return await asyncio.gather(*(store.record([snapshot(price=1.0)]) for _ in range(4)))

    assert sorted(run(together())) == [0, 0, 0, 1]
    first = newest(run, store).known_at
    assert run(store.of_asset("some", "BTC", first - 1)) is None
