"""The one module that speaks HTTP to providers (httpx is its secret).

It sends a :class:`Call` to the configured origin and nowhere else, bounds time and size, and
raises only errors of the project's tree, which carry neither key nor foreign exception.
"""

import asyncio
import importlib
import io
import logging
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import cast
from urllib.parse import urlsplit

import httpx

from adapters_out.provider_kit.body_room import BodyRoom, Guest
from adapters_out.provider_kit.calls import Call, Reply, rerooted
from adapters_out.provider_kit.faults import StaleConnection
from adapters_out.provider_kit.provider import Auth, Provider
from domain.errors import CallRefused, MalformedPayload, ProviderError, ProviderUnavailable
from domain.provider import Priority, ProviderPolicy
from domain.secret import Secret
from ports.clock import Clock

Transport = httpx.AsyncBaseTransport
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024  # bytes that are inflated at once
_DIGITS = 18
# httpx loads it inside its first request: 70 ms between a grant of the budget and its call.
_LOADED_LATE = "anyio._backends._asyncio"
_USER_AGENT = "fks-data (market data service)"


class KeyAuth(httpx.Auth):
    """Adds the key, but only to a request that goes to the configured origin."""

    def __init__(self, auth: Auth, key: Secret, origin: httpx.URL) -> None:
        """Remember where the key may go."""
        self._auth = auth
        self._key = key
        self._origin = origin

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request, no answer awaited."""
        yield self.signed(request)

    def signed(self, request: httpx.Request) -> httpx.Request:
        """The request with the key, unless it would leave the origin."""
        theirs = (request.url.scheme, request.url.host, request.url.port)
        if theirs != (self._origin.scheme, self._origin.host, self._origin.port):
            return request
        value = self._auth.prefix + self._key.reveal()
        if self._auth.header:
            request.headers[self._auth.header] = value
        if self._auth.query:
            request.url = request.url.copy_merge_params({self._auth.query: value})
        return request


class HttpChannel:
    """One provider's HTTP client: keep-alive, at most ``policy.concurrency`` connections."""

    def __init__(
        self,
        provider: Provider,
        policy: ProviderPolicy,
        base_url: str,
        key: Secret | None,
        clock: Clock,
        transport: Transport | None = None,
        room: BodyRoom | None = None,
    ) -> None:
        """Connect lazily; ``transport`` replaces the network in the scripted ring.

        ``room`` is that of all channels together.
        """
        silence()
        with suppress(ImportError):  # a later version may keep it elsewhere: no harm done
            importlib.import_module(_LOADED_LATE)
        self._name = provider.name
        self._policy = policy
        self._base_url = base_url.rstrip("/")
        self._hosts = provider.hosts | provider.asides | {urlsplit(provider.base_url).netloc}
        is_at_home = self._base_url == provider.base_url.rstrip("/")
        self._asides = provider.asides if is_at_home else frozenset[str]()
        self._clock = clock
        self._room = room or BodyRoom()
        self._auth = None
        if key and provider.auth is not None:
            self._auth = KeyAuth(provider.auth, key, httpx.URL(self._base_url))
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - one time-out lies around the whole exchange, see send
            limits=httpx.Limits(
                max_connections=policy.concurrency, max_keepalive_connections=policy.concurrency
            ),
            headers={"user-agent": _USER_AGENT, "accept-encoding": "gzip"},
        )
        # A cookie is sent where a provider file says so, and never by itself.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(
        self,
        call: Call,
        seconds: float,
        origin: str | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> Reply:
        """One exchange, over within ``seconds`` whatever the provider does.

        ``origin`` is a mirror to be asked instead of the base URL; the key stays at home.

        Raises:
            TimeoutError: time is up.
            StaleConnection, ProviderUnavailable, MalformedPayload, CallRefused: see there.
        """
        request = self._request(call, origin or self._base_url)
        with self._room.guest(self._name, priority) as guest:
            try:
                async with asyncio.timeout(seconds):
                    return await self._exchange(request, call, guest)
            except TimeoutError:
                if not guest.waits:
                    raise
                failure: ProviderError = self._crowded_out()
            except (httpx.HTTPError, httpx.InvalidURL, zlib.error) as error:
                failure = self._translated(error, call)
            except MalformedPayload as error:
                failure = error.with_traceback(None)  # which would hold on to the body
        # Raised out here, so that it does not carry the foreign exception (its URL, our key).
        raise failure

    def _request(self, call: Call, origin: str) -> httpx.Request:
        is_aside = urlsplit(call.path).hostname in self._asides
        placed = call if is_aside else rerooted(call, origin, self._hosts)
        if placed is None:
            raise self._malformed("names a foreign address for the next page, which is refused")
        params = {name: str(value) for name, value in placed.params.items()}
        try:
            return self._client.build_request(
                placed.method,
                placed.path if is_aside else origin + placed.path,
                params=params or None,
                headers=dict(placed.headers),
                content=placed.body or None,
            )
        except httpx.InvalidURL:
            pass
        raise CallRefused(f"The call to {self._name} has no valid address.", provider=self._name)

    async def _exchange(self, request: httpx.Request, call: Call, guest: Guest) -> Reply:
        asked_at = self._clock.now()
        response = await self._client.send(request, auth=self._auth, stream=True)
        try:
            limit = call.max_bytes or self._policy.max_body_bytes
            body = await self._body(response, limit, guest)
        finally:
            await response.aclose()
        return Reply(
            status=response.status_code,
            body=body,
            headers={name.lower(): value for name, value in response.headers.items()},
            asked_at=asked_at,
            received_at=self._clock.now(),
        )

    async def _body(self, response: httpx.Response, limit: int, guest: Guest) -> bytes:
        """The inflated body; both it and what travelled are at most ``limit`` bytes."""
        inflater = self._inflater(response)
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:_DIGITS]) > limit:
            raise self._too_large(limit)
        travelled = 0
        # Not aiter_raw(): it refuses the ready-made responses of a scripted transport.
        stream = cast("httpx.AsyncByteStream", response.stream)
        with io.BytesIO() as body:  # a single buffer, gone at the end whoever remembers this frame
            async for chunk in stream:
                travelled += len(chunk)
                for piece in _inflated(inflater, chunk) if inflater else (chunk,):
                    size = body.tell() + len(piece)
                    if max(size, travelled) > limit:
                        raise self._too_large(limit)
                    await self._room.grow(guest, size)
                    body.write(piece)
            if inflater and travelled and not inflater.eof:
                raise self._malformed("broke off in the middle of its body")
            return body.getvalue()

    def _inflater(self, response: httpx.Response) -> "zlib._Decompress | None":
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise self._malformed(f"packed its body as {coding[:20]!r}, which was not asked for")
        return zlib.decompressobj(_GZIP) if "gzip" in coding else None

    def _translated(self, error: Exception, call: Call) -> ProviderError:
        kind = type(error).__name__
        if isinstance(error, httpx.InvalidURL):
            return CallRefused(f"The call to {self._name} has no valid address.")
        if isinstance(error, zlib.error):
            return self._malformed("sent a body that cannot be unpacked")
        if isinstance(error, httpx.RemoteProtocolError):
            text = str(error)
            if "without sending a response" in text and call.method == "GET":
                return StaleConnection(
                    f"{self._name} closed the connection unanswered.", provider=self._name
                )
            if "incomplete" in text or "complete message" in text:
                return self._malformed("broke off in the middle of its body")
        return ProviderUnavailable(
            f"{self._name} cannot be reached or broke the connection ({kind}).",
            provider=self._name,
        )

    def _too_large(self, limit: int) -> MalformedPayload:
        return self._malformed(f"sends more than {limit} bytes")

    def _crowded_out(self) -> CallRefused:
        return CallRefused(
            f"Too many large answers came in at once for that of {self._name}: ask again later.",
            provider=self._name,
        )

    def _malformed(self, what: str) -> MalformedPayload:
        return MalformedPayload(f"{self._name} {what}.", provider=self._name)


def _inflated(inflater: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """What a chunk inflates to, in pieces; nothing of what follows the end."""
    while not inflater.eof:
        piece = inflater.decompress(chunk, _PIECE)
        yield piece
        chunk = inflater.unconsumed_tail
        if not chunk and len(piece) < _PIECE:
            return


def silence() -> None:
    """Keep httpx from logging addresses (keys included) below WARNING."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
