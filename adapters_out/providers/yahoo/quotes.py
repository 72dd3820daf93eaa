"""Yahoo's best bid and ask (v7), the one thing of it that needs a cookie and a crumb.

A cookie comes from another of its hosts with whatever status, a crumb for it from a call of its
own. Both are kept; a refusal makes us fetch them again, once. Where no cookie comes, people are
asked for their consent first: that is not ours to give.
"""

import re
from collections.abc import Generator

import msgspec
from msgspec import Struct, field

from adapters_out.provider_kit.book import top_of_book
from adapters_out.provider_kit.calls import Call, Reply
from adapters_out.provider_kit.cells import optional_number
from adapters_out.provider_kit.objects import decoded
from adapters_out.provider_kit.provider import TicksEndpoint, TicksPart
from adapters_out.providers.yahoo.answers import Meta
from adapters_out.providers.yahoo.symbols import BROWSER, NAME, symbol_of
from domain.errors import AccessDenied, CallRefused, NotListed, RateLimited
from domain.ticks import Stamp, TicksAsk

COOKIE_HOST = "fc.yahoo.com"
_DAY_S = 86_400
# Several may come in one header; their dates hold commas, their values do not.
_COOKIE = re.compile(r"(?:^|,\s*)(A[13]S?=[^;,\s]+)")
_CRUMB = re.compile(r"[\w.\-/\\]{5,40}", re.ASCII)


def _ask(ask: TicksAsk) -> Generator[Call, Reply, Call]:
    """A cookie, a crumb, and then the quote."""
    place = f"https://{COOKIE_HOST}/"
    begun = yield Call(place, headers=BROWSER, keep_s=_DAY_S, any_status=True)
    cookies = _COOKIE.findall(begun.header("set-cookie"))
    if not cookies:
        raise AccessDenied(
            f"{NAME} gives no cookie here without somebody's consent, and no quote without one.",
            provider=NAME,
        )
    headers = {**BROWSER, "cookie": "; ".join(cookies)}
    told = yield Call("/v1/test/getcrumb", headers=headers, keep_s=_DAY_S)
    params: dict[str, str | int] = {"symbols": symbol_of(ask.instrument), "crumb": _crumb(told)}
    return Call("/v7/finance/quote", params, headers=headers)


def _crumb(reply: Reply) -> str:
    """The word; a sentence in its place is a complaint, which must not be kept."""
    text = reply.body.decode(errors="replace").strip()
    if "too many" in text.lower():
        raise RateLimited(f"{NAME} limits our rate ({text[:40]}).", provider=NAME)
    if not _CRUMB.fullmatch(text):
        raise AccessDenied(f"{NAME} gives no crumb, and no quote without one.", provider=NAME)
    return text


class _Quote(Meta):
    """An empty side is 0 or absent. Sizes are in lots that nobody tells: not taken."""

    bid: object = None
    ask: object = None


class _Quotes(Struct):
    result: list[_Quote]


class _Answer(Struct):
    quotes: _Quotes = field(name="quoteResponse")


_ANSWER = msgspec.json.Decoder(_Answer)


def _read(reply: Reply, ask: TicksAsk) -> TicksPart:
    """The book of now; the time that is sent is that of the last trade.

    Raises:
        NotListed: nothing is told of the symbol.
        CallRefused: neither side is told, as when the market is closed.
    """
    symbol = symbol_of(ask.instrument)
    quotes = decoded(reply.body, _ANSWER).quotes.result
    quote = next((quote for quote in quotes if quote.symbol == symbol), None)
    if quote is None:
        raise NotListed(f"{NAME} does not list {ask.instrument.id}.", provider=NAME)
    told = (optional_number(side) for side in (quote.bid, quote.ask))
    bid, offer = (None if price is None else quote.whole(price) for price in told)
    if not bid and not offer:
        raise CallRefused(f"{NAME} has no bid and ask of {symbol} at the moment.", provider=NAME)
    return TicksPart([top_of_book((bid, None), (offer, None), reply.received_ns, Stamp.RECEIPT)])


QUOTES = TicksEndpoint(ask=_ask, read=_read, live=True)
