"""Bars and prices: the main route, the last price, and the spellings of existing consumers."""

from typing import Any

from adapters_in.http.bodies_bars import Bars, IsoBars, PriceBody, TsBars
from adapters_in.http.encoding import encode_bars
from adapters_in.http.hot_answers import HotAnswers
from adapters_in.http.kinds import Choice, Flag
from adapters_in.http.layouts import LABELS, Layout
from adapters_in.http.next_page import next_address, page_start
from adapters_in.http.parameters import (
    Parameter,
    as_of,
    asset,
    check_range,
    cursor,
    end,
    interval,
    limit,
    provider,
    start,
    symbol,
    use_cache,
)
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.answers import BarsAnswer
from application.get_price import PriceQuery
from domain.adjustment import Adjust
from domain.query import BarQuery, Fill, named_at

OHLCV = "/api/v1/data/ohlcv"
_STATUSES = (400, 404, 422, 503, 504)
_HEADERS = ("ETag", "Cache-Control")
_EXPORTS = "Parquet and Arrow come with the bulk exports: use json, csv or ndjson here."
_DEFAULT_LIMIT = 500


class BarRoutes:
    """Routes that ask the providers."""

    def __init__(self, services: Services, hot: HotAnswers) -> None:
        """Take the use cases and the place for encoded answers."""
        self._services = services
        self._hot = hot

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        return (
            Route(
                method="GET",
                path=OHLCV,
                tag="Bars",
                summary="Bars with their quality, gaps and sources",
                handle=self.ohlcv,
                parameters=self._ohlcv_parameters(),
                reply=Bars,
                media_types=("text/csv", "application/x-ndjson"),
                statuses=_STATUSES,
                headers=(*_HEADERS, "Link", *LABELS),
            ),
            Route(
                method="GET",
                path="/api/v1/data/price",
                tag="Bars",
                summary="The last traded price",
                handle=self.price,
                parameters=(symbol(), self._provider(), use_cache()),
                reply=PriceBody,
                statuses=_STATUSES,
            ),
            *self._aliases(),
        )

    def _aliases(self) -> tuple[Route, ...]:
        by_timeframe = (
            symbol(),
            interval("1h", "timeframe"),
            *(start(), end(), self._limit(), self._provider()),
        )
        by_date = (
            interval("1h"),
            *(self._limit(), start("start_date"), end("end_date"), self._provider()),
        )
        pair = (asset("base", "BTC"), asset("quote", "USDT"))
        rows = "Bars in rows that have ts only"
        dated = "Bars in rows with ISO times"
        return (
            self._alias("/api/v1/data", rows, TsBars, by_timeframe),
            self._alias("/data", rows, TsBars, by_timeframe),
            self._alias("/api/v1/data/{symbol}", dated, IsoBars, (symbol(place="path"), *by_date)),
            self._alias(
                "/api/v1/data/{base}/{quote}", f"{dated}, for BTC/USD", IsoBars, (*pair, *by_date)
            ),
        )

    def _alias(
        self, path: str, summary: str, reply: type, parameters: tuple[Parameter, ...]
    ) -> Route:
        return Route(
            method="GET",
            path=path,
            tag="Consumer aliases",
            summary=summary,
            handle=self.ts_rows if reply is TsBars else self.iso_rows,
            parameters=parameters,
            reply=reply,
            statuses=_STATUSES,
            headers=_HEADERS,
        )

    async def ohlcv(self, call: Call) -> Reply:
        """The main route; what may be kept is kept for the next who asks the same."""
        values = call.values
        if values["cursor"] is not None:
            values["start"] = page_start(values["cursor"])
        answer = await self._bars(call, values)
        layout = Layout(values["shape"] if values["format"] == "json" else values["format"])
        encoded = encode_bars(
            answer,
            layout,
            Fill(values["fill"]),
            demo=self._services.demo,
            link=next_address(OHLCV, call.raw_query, ""),  # the cursor is added
        )
        now = self._services.clock.now()
        if not values["use_cache"]:
            self._hot.clear()
        if not values["use_cache"] or values["include_partial"]:
            control = "no-store" if answer.stale else "no-cache"
            return encoded.reply(now, cached=answer.cached, cache_control=control)
        self._hot.put(call.raw_query, encoded)
        return encoded.reply(now, cached=answer.cached)

    async def ts_rows(self, call: Call) -> Reply:
        """The alias with ``ts`` only."""
        return await self._aliased(call, Layout.TS_ROWS)

    async def iso_rows(self, call: Call) -> Reply:
        """The alias with ISO times."""
        return await self._aliased(call, Layout.ISO_ROWS)

    async def price(self, call: Call) -> Reply:
        """The last price."""
        services, values = self._services, call.values
        instrument = await services.resolve_symbol(values["symbol"], provider=values["provider"])
        query = PriceQuery(values["symbol"], instrument, values["provider"], values["use_cache"])
        answer = await services.get_price(query, call.context)
        return json_reply(
            PriceBody(
                symbol=answer.symbol,
                instrument=instrument.id,
                price=answer.price,
                timestamp=answer.ts,
                provider=answer.provider,
                cached=answer.cached,
                stale=answer.stale,
                age_s=answer.age_s,
                substituted=answer.substituted,
                demo=services.demo,
            )
        )

    async def _aliased(self, call: Call, layout: Layout) -> Reply:
        given = call.values
        values = {
            "symbol": given.get("symbol") or f"{given.get('base')}/{given.get('quote')}",
            "interval": given.get("timeframe") or given.get("interval"),
            "start": given.get("start", given.get("start_date")),
            "end": given.get("end", given.get("end_date")),
            "limit": given["limit"],
            "provider": given["provider"],
        }
        answer = await self._bars(call, values)
        encoded = encode_bars(answer, layout, demo=self._services.demo)
        return encoded.reply(self._services.clock.now(), cached=answer.cached)

    async def _bars(self, call: Call, values: dict[str, Any]) -> BarsAnswer:
        check_range(values["start"], values["end"])
        services = self._services
        query = BarQuery(
            symbol=values["symbol"],
            instrument=await services.resolve_symbol(
                values["symbol"],
                named_at(values["end"], values.get("as_of")),
                values["provider"],
            ),
            interval=values["interval"],
            limit=values["limit"],
            start=values["start"],
            end=values["end"],
            provider=values["provider"],
            use_cache=values.get("use_cache", True),
            include_partial=values.get("include_partial", False),
            as_of=values.get("as_of"),
            fill=Fill(values.get("fill", "none")),
            onward=values.get("cursor") is not None,
        )
        return await services.adjust_bars(query, Adjust(values.get("adjust", "none")), call.context)

    def _ohlcv_parameters(self) -> tuple[Parameter, ...]:
        partial = "Add the forming bar, marked final: false."
        fill = "Show missing bars as rows on top: empty, or with the previous close."
        adjust = "As traded, adjusted for splits, or for splits and dividends (stocks)."
        formats = ("json", "csv", "ndjson")
        later = (("parquet", _EXPORTS), ("arrow", _EXPORTS))
        return (
            symbol(),
            interval("1h"),
            start(),
            end(),
            self._limit(),
            self._provider(),
            use_cache(),
            Parameter("include_partial", Flag(), partial, default=False),
            as_of(),
            Parameter("fill", Choice(tuple(f.value for f in Fill)), fill, default="none"),
            Parameter("adjust", Choice(tuple(a.value for a in Adjust)), adjust, default="none"),
            Parameter("shape", Choice(("rows", "columns")), "How data is laid out.", "rows"),
            Parameter("format", Choice(formats, not_offered=later), "The format.", default="json"),
            cursor(),
        )

    def _limit(self) -> Parameter:
        return limit(_DEFAULT_LIMIT, self._services.max_limit)

    def _provider(self) -> Parameter:
        return provider(self._services.providers)
