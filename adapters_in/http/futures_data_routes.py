"""What was traded of a contract: aggregates, trades and quotes."""

from typing import Any

from msgspec import Struct

from adapters_in.http import bodies_futures as bodies
from adapters_in.http import futures_parameters as given
from adapters_in.http.futures_answers import (
    aggregate_row,
    enveloped,
    place_of,
    quote_row,
    tick_place_of,
    trade_row,
)
from adapters_in.http.futures_routes import route
from adapters_in.http.replies import Call, Reply, Route
from adapters_in.http.services import Services
from application.get_aggregates import AggregatesQuery
from application.read_ticks import TickQuery
from application.session_ticks import Collected, collect
from domain.errors import NoData, UnknownInstrument
from domain.ticks import T

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
        ticks = (
            given.ticker(),
            given.window("timestamp", "Traded then (a date: on that day)."),
            *(given.session_end_date(), given.rows(1000, _MOST)),
            *(given.sort(("timestamp",), "timestamp.desc"), given.tick_cursor()),
        )
        return (
            route("aggs/{ticker}", "Aggregates", self.aggregates, bodies.Aggregates, aggregates),
            route("trades/{ticker}", "Single trades", self.trades, bodies.FuturesTrades, ticks),
            route("quotes/{ticker}", "Bids and asks", self.quotes, bodies.FuturesQuotes, ticks),
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
            onward=values["cursor"] is not None,
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

    async def trades(self, call: Call) -> Reply:
        """Trades of a contract, the newest first unless the order says otherwise."""
        read, (ticker, query) = self._services.read_trades, await self._query(call)
        found = await collect(lambda q: read(q, call.context), query, **_order(call.values))
        rows = tuple(trade_row(each, ticker) for each in found.ticks)
        return self._told(call, bodies.FuturesTrades, "trades", found, rows)

    async def quotes(self, call: Call) -> Reply:
        """Likewise quotes."""
        read, (ticker, query) = self._services.read_quotes, await self._query(call)
        found = await collect(lambda q: read(q, call.context), query, **_order(call.values))
        rows = tuple(quote_row(each, ticker) for each in found.ticks)
        return self._told(call, bodies.FuturesQuotes, "quotes", found, rows)

    async def _query(self, call: Call) -> tuple[str, TickQuery]:
        """The ticker and the question.

        Raises:
            UnknownInstrument: a spread, of which no single trades are kept.
        """
        values, services = call.values, self._services
        ticker, instrument = await services.name_contract(values["ticker"], call.context)
        if instrument is None:
            message = f"Trades and quotes are told of single contracts; {ticker} is none."
            raise UnknownInstrument(message)
        first, stop = values["timestamp"] or (None, None)
        return ticker, TickQuery(
            symbol=ticker,
            instrument=instrument,
            limit=values["limit"],
            start_ns=first,
            end_ns=stop,
            provider=services.get_futures.provider,
        )

    def _told(
        self,
        call: Call,
        body: type,
        endpoint: str,
        found: Collected[T],
        rows: tuple[Struct, ...],
    ) -> Reply:
        answer, services = found.answer, self._services
        fields = {
            "endpoint_type": endpoint,
            "data": rows,
            "provider": answer.provider,
            "cached": answer.cached,
            "stale": answer.stale,
        }
        age = max(answer.received_ns) / 10**9, services.clock.now()
        rest = None if found.rest is None else f"{found.rest[0]}-{found.rest[1]}"
        return enveloped(call, body, fields, age, rest, demo=services.demo)


def _order(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "newest": values["sort"].endswith(".desc"),
        "session": values["session_end_date"],
        "place": tick_place_of(values["cursor"]),
    }


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
