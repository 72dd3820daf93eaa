"""What was traded of a contract: aggregates, trades and quotes."""

from typing import Any

from adapters_in.http import bodies_futures as bodies
from adapters_in.http import futures_parameters as given
from adapters_in.http.futures_answers import aggregate_row, enveloped, place_of
from adapters_in.http.futures_routes import route
from adapters_in.http.replies import Call, Reply, Route
from adapters_in.http.services import Services
from application.get_aggregates import AggregatesQuery
from domain.errors import NoData

_MOST = 50_000


class FuturesDataRoutes:
    """Routes about single contracts."""

    def __init__(self, services: Services) -> None:
        """Take the use cases."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        aggregates = (
            *(given.ticker(), given.resolution(), *given.windows(), given.rows(1000, _MOST)),
            *(given.sort(("window_start",), "window_start.desc"), given.cursor()),
        )
        return (
            route("aggs/{ticker}", "Aggregates", self.aggregates, bodies.Aggregates, aggregates),
        )

    async def aggregates(self, call: Call) -> Reply:
        """Windows of a contract, the newest first unless the order says otherwise."""
        values, services = call.values, self._services
        ticker, instrument = await services.name_contract(values["ticker"], call.context)
        newest = values["sort"].endswith(".desc")
        start, end = bounds(values, newest=newest)
        query = AggregatesQuery(
            ticker=ticker,
            instrument=instrument,
            resolution=values["resolution"],
            limit=values["limit"],
            start_ns=start,
            end_ns=end,
            newest=newest,
        )
        page = await services.get_aggregates(query, call.context)
        fields = {
            "endpoint_type": "aggs",
            "data": tuple(aggregate_row(row, ticker) for row in page.rows),
            "provider": page.provider,
            "cached": page.cached,
            "stale": page.stale,
        }
        age = page.learned_at, services.clock.now()
        return enveloped(call, bodies.Aggregates, fields, age, page.rest_ns, demo=services.demo)


def bounds(values: dict[str, Any], *, newest: bool) -> tuple[int | None, int | None]:
    """``[start, end)`` in ns of what all comparisons allow; a date covers its day.

    Raises:
        NoData: they allow nothing.
    """
    place = place_of(values["cursor"])
    starts = [values["window_start"], values["window_start_gte"]]
    firsts = [span[0] for span in starts if span] + [
        span[1] for span in (values["window_start_gt"],) if span
    ]
    stops = [span[1] for span in (values["window_start"], values["window_start_lte"]) if span] + [
        span[0] for span in (values["window_start_lt"],) if span
    ]
    if place is not None:
        (stops if newest else firsts).append(place)
    start, end = max(firsts, default=None), min(stops, default=None)
    if start is not None and end is not None and end <= start:
        raise NoData("The range is empty: its end must lie after its start.")
    return start, end
