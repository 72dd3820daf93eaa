"""The vocabulary carries dialects unlike those of the exchanges: links, CSV, newest first."""

import csv
import io
from itertools import pairwise

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.faults import Fault, FaultKind
from adapters_in.simulator.simulator import Simulator
from adapters_in.simulator.wire import Dialect, Reply, Request, World, decimal
from adapters_out.memory.clock import ManualClock
from domain.interval import Interval
from tests.adapters_in.simulator.worlds import NOON, told


def answer(request: Request, world: World) -> Reply:
    """Aggregates with bare numbers and a link to the next page, or a CSV that starts at the end."""
    at = int(request.one("cursor") or NOON - 86_400 * 10)
    rows = world.rows(
        ASSETS["AAPL"], Grid.of(Interval.M15), start=at, end=None, limit=int(request.one("n") or 4)
    )
    if request.one("datatype") == "csv":
        newest = rows.take(slice(None, None, -1))
        lines = [f"{t},{decimal(c, 4)}" for t, c in zip(newest.ts, newest.close, strict=True)]
        return Reply("\r\n".join(["timestamp,close", *lines, ""]).encode(), content_type="text/csv")
    link = f"{world.origin}/aggs?cursor={int(rows.closes[-1])}"
    table = ",".join(
        f'{{"t":{t},"c":{decimal(c, 2)}}}' for t, c in zip(rows.ts, rows.close, strict=True)
    )
    return Reply(f'{{"results":[{table}],"next_url":"{link}"}}'.encode())


def refuse(status: int, code: str | None, _now: float, _wait: float | None) -> Reply:
    """Errors with status 200, as some providers have them."""
    return Reply.json({"Information": code or f"no luck ({status})"})


def limit(_banned: bool, _now: float, _wait: float | None) -> Reply:
    """The same sentence for every excess."""
    return Reply.json({"Note": "25 requests per day"})


MADE_UP = Dialect(answer, refuse, limit, lambda _: 1, frozenset({"cursor"}))


def made_up() -> Simulator:
    """A simulator with one provider that does not exist."""
    return Simulator(ManualClock(NOON), spoken={"made_up": MADE_UP})


def followed(link: str) -> tuple[str, Request]:
    """Split a link into its origin and the call."""
    origin, _, cursor = link.partition("/aggs?cursor=")
    return origin, Request("/aggs", (("cursor", cursor),))


def test_links_lead_through_a_market_that_closes() -> None:
    """Pages follow each other over nights and the weekend without a hole or a repetition."""
    sim, seen = made_up(), []
    request = Request("/aggs", (("n", "40"),))
    for _ in range(4):
        page = told(sim.arrive("made_up", request).reply)
        seen += [row["t"] for row in page["results"]]
        origin, request = followed(page["next_url"])
        assert origin == "http://127.0.0.1/made_up"
        request = Request("/aggs", (*request.query, ("n", "40")))
    assert len(seen) == 160
    assert all(b > a for a, b in pairwise(seen))
    assert len({t // 86_400 for t in seen}) >= 6  # 26 quarters of an hour a day


def test_a_foreign_link_names_another_host() -> None:
    """The fault sends whoever follows the link elsewhere."""
    sim = made_up()
    sim.faults.add(Fault(FaultKind.FOREIGN_NEXT_URL, location="http://evil.test"), NOON)
    page = told(sim.arrive("made_up", Request("/aggs")).reply)
    assert page["next_url"].startswith("http://evil.test/aggs?")


def test_ignored_paging_repeats_the_first_page() -> None:
    """The cursor is not read."""
    sim = made_up()
    first = told(sim.arrive("made_up", Request("/aggs")).reply)
    _, following = followed(first["next_url"])
    sim.faults.add(Fault(FaultKind.IGNORED_PAGING), NOON)
    assert told(sim.arrive("made_up", following).reply) == first


def test_bare_numbers_and_csv_take_the_same_faults() -> None:
    """NaN stands bare where the dialect writes bare numbers, and in a table's cell."""
    sim = made_up()
    sim.faults.add(Fault(FaultKind.NAN), NOON)
    assert b'"c":NaN' in sim.arrive("made_up", Request("/aggs")).reply.body
    text = sim.arrive("made_up", Request("/aggs", (("datatype", "csv"),))).reply.body.decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["close"] for row in table].count("NaN") == 1
    assert [int(row["timestamp"]) for row in table] == sorted(
        (int(row["timestamp"]) for row in table), reverse=True
    )
