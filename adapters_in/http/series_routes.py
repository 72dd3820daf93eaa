"""What is stored: coverage, gaps, revisions, quality, lineage; and the providers and symbols."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from adapters_in.http import bodies_series as bodies
from adapters_in.http import series_cursors as cursors
from adapters_in.http import series_views as views
from adapters_in.http.kinds import Text
from adapters_in.http.next_page import paging_headers
from adapters_in.http.parameters import (
    Parameter,
    check_range,
    end,
    interval,
    limit,
    provider,
    start,
    symbol,
)
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.inspect_series import SeriesChoice
from domain.query import named_at

_MAX_ROWS = 1000
_SEARCH = Text(r"[A-Za-z0-9][A-Za-z0-9 ./:_-]*", 40, "letters, digits, blanks and - / . _ :")


class SeriesRoutes:
    """Routes that ask the store and the lists."""

    def __init__(self, services: Services) -> None:
        """Take the use cases."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        which = (symbol(required=False), interval(None), provider(self._services.providers))
        pages = (limit(_MAX_ROWS, _MAX_ROWS, "series"), cursors.after())
        part = (*which, start(), end())
        rows = (*part, limit(100, _MAX_ROWS, "entries"))
        places = (*rows, cursors.place())
        search = (
            Parameter("q", _SEARCH, "The beginning or a part of a symbol.", None, required=True),
            provider(self._services.providers),
            limit(50, _MAX_ROWS, "listings"),
        )
        return (
            _route("providers", "Who can answer what", self.providers, bodies.Providers, ()),
            _route("coverage", "What is held", self.coverage, bodies.CoverageBody, (*part, *pages)),
            _route("gaps", "What is missing and why", self.gaps, bodies.GapsBody, (*part, *pages)),
            _route("revisions", "What changed", self.revisions, bodies.RevisionsBody, places),
            _route(
                "quality", "Scores with reasons", self.quality, bodies.QualityBody, (*which, *pages)
            ),
            _route("lineage", "Where bars came from", self.lineage, bodies.LineageBody, rows),
            _route("symbols", "Search the lists", self.symbols, bodies.Symbols, search),
        )

    async def providers(self, call: Call) -> Reply:
        """Every provider with capabilities, health and budget."""
        del call
        facts = await self._services.list_providers()
        shown = tuple(views.provider_view(each) for each in facts)
        return json_reply(bodies.Providers(shown, self._services.demo))

    async def coverage(self, call: Call) -> Reply:
        """Every series at a glance; of one symbol the ranges too."""
        choice = await self._page_choice(call)
        inspect = self._services.inspect_series
        told = None if choice.instrument is None else await inspect.gaps(choice)
        found = {} if told is None else {gaps.key: gaps for gaps in told.rows}
        page = await inspect.summaries(choice)
        shown = tuple(views.coverage_view(s, found.get(s.key)) for s in page.rows)
        following = cursors.mark_after(page.next)
        body = bodies.CoverageBody(shown, self._services.demo, following)
        return json_reply(body, headers=paging_headers(call, following))

    async def gaps(self, call: Call) -> Reply:
        """The gaps of every series that matches."""
        page = await self._services.inspect_series.gaps(await self._page_choice(call))
        gaps = tuple(gap for series in page.rows for gap in views.gap_views(series))
        spans = tuple(views.span_view(series) for series in page.rows)
        following = cursors.mark_after(page.next)
        body = bodies.GapsBody(gaps, spans, self._services.demo, following)
        return json_reply(body, headers=paging_headers(call, following))

    async def revisions(self, call: Call) -> Reply:
        """Corrected bars."""
        where = cursors.revision_place(call.values)
        choice, most = await self._choice(call), call.values["limit"]
        page = await self._services.inspect_series.revisions(choice, most, where)
        shown = tuple(views.revision_view(each) for each in page.rows)
        following = cursors.mark_place(page.next)
        body = bodies.RevisionsBody(shown, self._services.demo, following)
        return json_reply(body, headers=paging_headers(call, following))

    async def lineage(self, call: Call) -> Reply:
        """Batches, newest first."""
        choice, most = await self._choice(call), call.values["limit"]
        found = await self._services.inspect_series.lineage(choice, most)
        shown = tuple(views.batch_view(each) for each in found)
        return json_reply(bodies.LineageBody(shown, self._services.demo))

    async def quality(self, call: Call) -> Reply:
        """The newest verdict on every series that matches."""
        page = await self._services.inspect_series.quality(await self._page_choice(call))
        shown = tuple(views.quality_view(*each) for each in page.rows)
        following = cursors.mark_after(page.next)
        body = bodies.QualityBody(shown, self._services.demo, following)
        return json_reply(body, headers=paging_headers(call, following))

    async def symbols(self, call: Call) -> Reply:
        """Listings by the beginning or any part of a spelling."""
        values = call.values
        found = await self._services.search_symbols(
            values["q"].strip(), values["limit"], values["provider"], call.context
        )
        shown = tuple(views.listing_view(each) for each in found)
        return json_reply(bodies.Symbols(shown, self._services.demo))

    async def _choice(self, call: Call) -> SeriesChoice:
        values = call.values
        first, stop = values.get("start"), values.get("end")
        check_range(first, stop)
        spelled, whom = values["symbol"], values["provider"]
        instrument = None
        if spelled is not None:
            instrument = await self._services.resolve_symbol(spelled, named_at(stop), whom)
        return SeriesChoice(instrument, values["interval"], whom, first, stop)

    async def _page_choice(self, call: Call) -> SeriesChoice:
        choice = await self._choice(call)
        return replace(choice, after=cursors.series_after(call.values), limit=call.values["limit"])


def _route(
    name: str,
    summary: str,
    handle: Callable[[Call], Awaitable[Reply]],
    reply: type,
    parameters: tuple[Parameter, ...],
) -> Route:
    return Route(
        method="GET",
        path=f"/api/v1/data/{name}",
        tag="Stored series",
        summary=summary,
        handle=handle,
        parameters=parameters,
        reply=reply,
        statuses=(400, 404, 422, 503, 504),
    )
