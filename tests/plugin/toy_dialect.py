"""How the toy exchange speaks: the inverse of its provider file."""

from adapters_in.simulator.assets import ASSETS
from adapters_in.simulator.columns import Grid
from adapters_in.simulator.wire import Dialect, Reply, Request, World
from domain.interval import Interval

_PAGE = 500


def _answer(request: Request, world: World) -> Reply:
    kind, *rest = request.path.strip("/").split("/")
    if kind == "ping":
        return Reply.json({})
    asset = ASSETS.get(rest[0].replace(":", "-"))
    if asset is None:
        return Reply.json({"error": "pair"})
    if kind == "last":
        return Reply.json({"last": world.price(asset)})
    grid = Grid.of(Interval(rest[1]))
    start, end = (int(request.one(name) or 0) for name in ("from", "until"))
    found = world.rows(asset, grid, start=start, end=end, limit=_PAGE)
    columns = (found.ts, found.open, found.high, found.low, found.close, found.volume)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return Reply.json({"rows": [list(row) for row in rows]})


def _refuse(status: int, code: str | None, now: float, retry_after_s: float | None) -> Reply:
    del now, retry_after_s
    return Reply.json({"error": code or "trouble"}, status)


DIALECT = Dialect(
    answer=_answer,
    refuse=_refuse,
    limit=lambda banned, now, retry_after_s: _refuse(
        418 if banned else 429, None, now, retry_after_s
    ),
    weigh=lambda _: 1,
    paging=frozenset({"from"}),
)
