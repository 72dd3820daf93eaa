"""Which other sites' pages may read answers: none unless the operator names them."""

from collections.abc import Mapping

from adapters_in.http.asgi import RawHeaders
from adapters_in.http.layouts import LABELS

_EXPOSED = ", ".join(("ETag", "Link", "Location", "Retry-After", "X-Request-ID", *LABELS)).encode()
_METHODS = b"GET, HEAD, POST, DELETE"
_REQUEST_HEADERS = b"Authorization, Content-Type, If-None-Match, X-Request-ID, Traceparent"
_PREFLIGHT_AGE_S = b"600"


class CrossOrigin:
    """The answers' CORS headers for the configured origins (``*`` means every one)."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        """Take the configured origins."""
        self._origins = {origin.rstrip("/").encode() for origin in origins}

    def headers(self, asked: Mapping[bytes, bytes]) -> RawHeaders:
        """What every answer carries."""
        if not self._origins:
            return []
        varies = [(b"vary", b"Origin")]
        origin = self._allowed(asked)
        if origin is None:
            return varies
        return [
            *varies,
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    def preflight(self, method: str, asked: Mapping[bytes, bytes]) -> RawHeaders | None:
        """The headers of the answer to a browser's question, None if this is none."""
        is_question = method == "OPTIONS" and b"access-control-request-method" in asked
        if not is_question or self._allowed(asked) is None:
            return None
        return [
            *self.headers(asked),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_AGE_S),
        ]

    def _allowed(self, asked: Mapping[bytes, bytes]) -> bytes | None:
        origin = asked.get(b"origin")
        if origin is None or not self._origins:
            return None
        if b"*" in self._origins:
            return b"*"
        return origin if origin in self._origins else None
