"""The scripted ring: a provider and the kit over a transport that plays a script."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import httpx

from adapters_out.memory.budget_book import MemoryBudgetBook
from adapters_out.memory.clock import FixedChance, LoopClock, VirtualTimeLoop
from adapters_out.memory.health_board import MemoryHealthBoard
from adapters_out.memory.telemetry import RecordingTelemetry
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import number
from adapters_out.provider_kit.judge import PageRules
from adapters_out.provider_kit.kit_provider import KitProvider, ProviderSettings
from adapters_out.provider_kit.pacer import SharedPacer
from adapters_out.provider_kit.provider import (
    BarsEndpoint,
    LastPrice,
    ListingsEndpoint,
    ListingsPart,
    PriceEndpoint,
    Provider,
)
from adapters_out.provider_kit.rows import sheet_of_rows
from adapters_out.provider_kit.sheet import Layout, Sheet
from domain.instrument import AssetClass, Instrument
from domain.interval import Interval
from domain.provider import BarsAsk, BarsPage, Capabilities, Capability, ProviderPolicy
from ports.market_data import CallContext

NOW = 1_700_000_040.0  # a whole minute
BTC = Instrument.pair("BTC", "USDT")
T = TypeVar("T")
Step = httpx.Response | Exception | float
Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def in_virtual_time(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on a loop whose time jumps."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


class Script(httpx.AsyncBaseTransport):
    """Answers the n-th request with the n-th step, and every further one with the last.

    A number is seconds to be silent before the next step; an exception is raised.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self._next()
        while isinstance(step, float):
            await asyncio.sleep(step)  # noqa: TID251 - the provider's own time
            step = self._next()
        if isinstance(step, Exception):
            raise step
        return step

    async def aclose(self) -> None:
        self.closed = True

    def _next(self) -> Step:
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, httpx.Response) and step.is_stream_consumed:
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        return step


def ok(body: bytes | str = b'{"price":"1.5"}', **headers: str) -> httpx.Response:
    """HTTP 200 with a JSON body."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        200, headers={"content-type": "application/json", **named}, content=content
    )


def rows(*opens: int, price: str = "2.50000000") -> str:
    """A page of flat bars [ts, o, h, l, c, v]."""
    lines = (f'[{ts},"{price}","{price}","{price}","{price}","1.00000000"]' for ts in opens)
    return f"[{','.join(lines)}]"


LAYOUT = Layout(ts=0, open=1, high=2, low=3, close=4, volume=5)
POLICY = ProviderPolicy(rps=1000.0, timeout_s=10.0, attempts=3, concurrency=4)


def _ask_bars(ask: BarsAsk) -> Call:
    return Call("/bars", {"start": ask.range.start, "end": ask.range.end})


def _read_bars(reply: Reply, _: BarsAsk) -> Sheet:
    return sheet_of_rows(reply.body, LAYOUT)


def _read_price(reply: Reply, _: Instrument) -> LastPrice:
    return LastPrice(number(httpx.Response(200, content=reply.body).json()["price"]))


SOME = Provider(
    name="some",
    base_url="https://api.some.example",
    policy=POLICY,
    capabilities=Capabilities(
        frozenset(Capability), frozenset({AssetClass.CRYPTO}), (Interval.M1,), page_bars=3
    ),
    bars=BarsEndpoint(ask=_ask_bars, read=_read_bars, rules=PageRules(full_rows=3)),
    price=PriceEndpoint(ask=lambda _: Call("/price", {"symbol": "BTC"}), read=_read_price),
    listings=ListingsEndpoint(ask=lambda: Call("/list"), read=lambda _: ListingsPart([])),
    ping=Call("/ping"),
)


class Bench:
    """Everything around a kit provider, at hand; build it inside the loop."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        provider: Provider = SOME,
        settings: ProviderSettings | None = None,
        now: float = NOW,
    ) -> None:
        self.clock = LoopClock(now)
        self.telemetry = RecordingTelemetry()
        self.health = MemoryHealthBoard(self.clock)
        self.book = MemoryBudgetBook(self.clock)
        self.pacer = SharedPacer(self.book, self.clock, self.telemetry)
        self.kit = KitProvider(
            provider,
            settings or ProviderSettings(),
            pacer=self.pacer,
            health=self.health,
            clock=self.clock,
            chance=FixedChance(1.0),
            telemetry=self.telemetry,
            transport=transport,
        )

    def within(self, seconds: float) -> CallContext:
        """A context whose deadline is that far away."""
        return CallContext(deadline=self.clock.monotonic() + seconds)

    async def pages(self, ask: BarsAsk, context: CallContext | None = None) -> list[BarsPage]:
        """Every page of an answer."""
        return [page async for page in self.kit.bars(ask, context or CallContext())]

    async def price(self, seconds: float = 60.0) -> float:
        """The price, within a deadline."""
        return (await self.kit.price(BTC, self.within(seconds))).price
