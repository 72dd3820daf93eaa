"""A provider that throws our own key back at us, and a stranger who must never be called."""

import gzip
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY_HEADER = "X-MBX-APIKEY"
Trick = Callable[["EchoHandler", str], None]


class EchoHandler(BaseHTTPRequestHandler):
    """Answers every call with the trick that is set."""

    protocol_version = "HTTP/1.1"
    server: "EchoServer"

    def do_GET(self) -> None:
        """Play the trick."""
        key = self.headers.get(KEY_HEADER, "")
        self.server.seen.append((self.path, key))
        with suppress(ConnectionError):  # who asked was free to hang up
            self.server.trick(self, key)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def say(
        self,
        status: int,
        body: bytes | object,
        *,
        kind: str = "application/json",
        reason: str | None = None,
        **headers: str,
    ) -> None:
        """Answer; what is no bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status, reason)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    @property
    def start_ms(self) -> int:
        """From when bars are asked for."""
        return int(parse_qs(urlsplit(self.path).query).get("startTime", ["0"])[0])


class EchoServer(ThreadingHTTPServer):
    """Listens on loopback while its block lasts; ``seen`` holds path and key of every call."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.seen: list[tuple[str, str]] = []
        self.trick: Trick = lambda handler, _: handler.say(404, b"")
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


def tricks(stranger: str) -> dict[str, Trick]:
    """Ways to make a key appear where somebody might read it; ``stranger`` is a foreign host."""

    def refusal(status: int) -> Trick:
        return lambda h, key: h.say(status, {"code": -2014, "msg": f"API-key {key} is invalid"})

    def row(h: EchoHandler, key: str) -> list[Any]:
        return [h.start_ms, key, "2", "1", "1.5", "3", h.start_ms + 59_999, key, 1, "1", "1", key]

    return {
        **{f"status {n}": refusal(n) for n in (400, 401, 403, 404, 418, 429, 451, 500, 503)},
        "all headers": lambda h, _: h.say(200, {"headers": dict(h.headers)}),
        "a page": lambda h, key: h.say(200, f"<p>{key}".encode(), kind="text/html"),
        "a packed page": lambda h, key: h.say(
            403, gzip.compress(f"<p>{key}".encode()), kind="text/html", Content_Encoding="gzip"
        ),
        "rows": lambda h, key: h.say(200, [row(h, key)]),
        "a broken body": lambda h, key: h.say(200, f'[["{key}"'.encode()),
        "a reason": lambda h, key: h.say(500, b"{}", reason=f"Bad key {key}"),
        "a used weight": lambda h, key: h.say(200, [], X_MBX_USED_WEIGHT_1M=key),
        "a pause": lambda h, key: h.say(429, {"code": -1003, "msg": key}, Retry_After=key),
        "a coding": lambda h, key: h.say(200, b"[]", Content_Encoding=key),
        "a media type": lambda h, key: h.say(200, key.encode(), kind=f"text/{key}"),
        "a redirect": lambda h, key: h.say(302, b"", Location=f"{stranger}/x?apikey={key}"),
        "a near redirect": lambda h, key: h.say(307, b"", Location=f"/x?apikey={key}"),
        "a price": lambda h, key: h.say(200, {"symbol": key, "price": key}),
    }
