"""Futures: contracts, products, sessions, market status, exchanges."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from adapters_in.http import bodies_futures as bodies
from adapters_in.http import futures_parameters as given
from adapters_in.http.futures_answers import contract_row, enveloped, place_of, shown, snapshot_row
from adapters_in.http.parameters import Parameter
from adapters_in.http.replies import Call, Reply, Route
from adapters_in.http.services import Services
from application.contract_lives import question_about
from application.get_futures import FuturesPage
from domain.errors import UnknownInstrument
from domain.futures import Contract, FuturesAsk, FuturesKind, Snapshot, newest_of

PATH = "/api/v1/futures"
STATUSES = (400, 404, 422, 503, 504)
_ALL = "all"
_SOME = 100  # tellings of one contract that are looked through
# Which part of the answer is wanted, or of which day; the other parameters are equalities.
_SHAPE = frozenset({"limit", "cursor", "sort", "as_of", "ticker"})
_OURS = {"code": "product_code"}
Handler = Callable[[Call], Awaitable[Reply]]


class FuturesRoutes:
    """Routes about what is traded, and when."""

    def __init__(self, services: Services) -> None:
        """Take the use cases."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The routes."""
        page = (given.rows(100, 1000), given.list_cursor())
        session = given.session_end_date()
        products = (given.word("name"), given.as_of(), given.venue(), *_classes())
        contracts = (
            given.product_code(),
            given.day("first_trade_date", "First traded on that day."),
            given.day("last_trade_date", "Last traded on that day."),
            *(given.as_of(), given.active(), given.kind_of(_ALL)),
            *(page[0], given.sort(("product_code", "ticker", "date")), page[1]),
        )
        order = given.sort(("product_code", "session_end_date", "trading_venue"))
        return (
            route("contracts", "Contracts", self.contracts, bodies.Contracts, contracts),
            route(
                "contracts/{ticker}",
                "One contract",
                self.contract,
                bodies.Contracts,
                (given.ticker(), given.as_of()),
            ),
            route(
                "products",
                "Products",
                self.products,
                bodies.Products,
                (
                    *(*products, given.kind_of(_ALL), page[0]),
                    *(given.sort(("name", "product_code", "date")), page[1]),
                ),
            ),
            route(
                "products/{code}",
                "One product",
                self.product,
                bodies.Products,
                (given.code(), given.kind_of("single"), given.as_of()),
            ),
            route(
                "products/{code}/schedules",
                "The sessions of a product",
                self.product_schedules,
                bodies.Schedules,
                (given.code(), session, page[0], order, page[1]),
            ),
            route(
                "schedules",
                "The sessions of all products",
                self.schedules,
                bodies.Schedules,
                (session, given.venue(), page[0], order, page[1]),
            ),
            route(
                "market-status",
                "Which markets are open",
                self.market_status,
                bodies.Statuses,
                (given.product_code(), page[0], given.sort(("product_code",)), page[1]),
            ),
            route(
                "snapshot",
                "Contracts as they are now",
                self.snapshot,
                bodies.Snapshots,
                (given.one_ticker(), given.product_code(), page[0], page[1]),
            ),
            route(
                "exchanges",
                "The exchanges",
                self.exchanges,
                bodies.Venues,
                (given.rows(100, 999), page[1]),
            ),
        )

    async def contracts(self, call: Call) -> Reply:
        """Contracts by their properties, on a day."""
        page = await self._listed(call, FuturesKind.CONTRACTS)
        rows = tuple(contract_row(each) for each in page.records if isinstance(each, Contract))
        return self._reply(call, bodies.Contracts, "contracts", page, rows)

    async def contract(self, call: Call) -> Reply:
        """One contract, by the exchange's ticker or ours."""
        values, services = call.values, self._services
        ticker, instrument = await services.name_contract(values["ticker"], call.context)
        if instrument is None:
            ask = FuturesAsk(kind=FuturesKind.CONTRACTS, filters=(("ticker", ticker),))
        else:
            ask = question_about(instrument)
        ask = FuturesAsk(kind=ask.kind, filters=ask.filters, as_of=values["as_of"] or "")
        page = await services.get_futures(ask, _SOME, call.context)
        told = [each for each in page.records if isinstance(each, Contract)]
        same = None if instrument is None else newest_of(told, instrument)
        found = same or next((c for c in told if c.instrument in {None, instrument}), None)
        if found is None:
            message = f"{page.provider} knows no contract {values['ticker']}."
            raise UnknownInstrument(message)
        return self._reply(call, bodies.Contracts, "contract", page, (contract_row(found),))

    async def products(self, call: Call) -> Reply:
        """Products by their properties, on a day."""
        page = await self._listed(call, FuturesKind.PRODUCTS)
        return self._reply(call, bodies.Products, "products", page)

    async def product(self, call: Call) -> Reply:
        """One product, by its code."""
        ask = _question(FuturesKind.PRODUCTS, call.values)
        page = await self._services.get_futures.one(ask, call.context)
        return self._reply(call, bodies.Products, "product", page)

    async def product_schedules(self, call: Call) -> Reply:
        """The events of the sessions of one product."""
        page = await self._listed(call, FuturesKind.SCHEDULES)
        return self._reply(call, bodies.Schedules, "product_schedules", page)

    async def schedules(self, call: Call) -> Reply:
        """The events of sessions."""
        page = await self._listed(call, FuturesKind.SCHEDULES)
        return self._reply(call, bodies.Schedules, "schedules", page)

    async def market_status(self, call: Call) -> Reply:
        """The last event of each market."""
        page = await self._listed(call, FuturesKind.MARKET_STATUS)
        return self._reply(call, bodies.Statuses, "market_status", page)

    async def exchanges(self, call: Call) -> Reply:
        """The venues."""
        page = await self._listed(call, FuturesKind.EXCHANGES)
        return self._reply(call, bodies.Venues, "exchanges", page)

    async def snapshot(self, call: Call) -> Reply:
        """Last trade, top of the book, minute and session of contracts."""
        asked, named = call.values["ticker"], {}
        if asked is not None:
            named["ticker"], _ = await self._services.name_contract(asked, call.context)
        page = await self._listed(call, FuturesKind.SNAPSHOT, named)
        rows = tuple(snapshot_row(each) for each in page.records if isinstance(each, Snapshot))
        return self._reply(call, bodies.Snapshots, "snapshot", page, rows)

    async def _listed(
        self, call: Call, kind: FuturesKind, named: Mapping[str, str] = MappingProxyType({})
    ) -> FuturesPage:
        values = call.values
        ask, first = _question(kind, values, named), place_of(values["cursor"])
        return await self._services.get_futures(
            ask, values["limit"], call.context, first=first or 0
        )

    def _reply(
        self,
        call: Call,
        body: type,
        endpoint: str,
        page: FuturesPage,
        rows: Iterable[object] | None = None,
    ) -> Reply:
        fields = {
            "endpoint_type": endpoint,
            "data": tuple(page.records if rows is None else rows),
            "provider": page.provider,
            "cached": page.cached,
            "stale": page.stale,
        }
        services = self._services
        age = page.fetched_at, services.clock.now()
        return enveloped(call, body, fields, age, page.rest, demo=services.demo)


def route(
    name: str, summary: str, handle: Handler, reply: type, parameters: tuple[Parameter, ...]
) -> Route:
    """A row of the table."""
    return Route(
        method="GET",
        path=f"{PATH}/{name}",
        tag="Futures",
        summary=summary,
        handle=handle,
        parameters=parameters,
        reply=reply,
        statuses=STATUSES,
        headers=("Link",),
    )


def _classes() -> tuple[Parameter, ...]:
    """The drawers into which products are sorted."""
    names = ("sector", "sub_sector", "asset_class", "asset_sub_class")
    return tuple(given.word(name) for name in names)


def _question(
    kind: FuturesKind, values: dict[str, Any], named: Mapping[str, str] = MappingProxyType({})
) -> FuturesAsk:
    """What the parameters ask; codes, and what is ``named`` besides, as exchanges write them."""
    filters = dict(named) | {
        _OURS.get(name, name): str(shown(value))
        for name, value in values.items()
        if name not in _SHAPE and value is not None and (name, value) != ("type", _ALL)
    }
    if "product_code" in filters:
        filters["product_code"] = filters["product_code"].upper()
    return FuturesAsk(
        kind=kind,
        filters=tuple(sorted(filters.items())),
        as_of=values.get("as_of") or "",
        sort=values.get("sort") or "",
    )
