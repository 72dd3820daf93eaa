"""HTTP as a user's `curl` does it: one connection per call."""

import http.client
import json
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode


class Answer:
    """What came back; ``took`` is seconds from the connection to the last byte."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, took: float) -> None:
        self.status, self.headers, self.body, self.took = status, headers, body, took

    def json(self) -> Any:  # noqa: ANN401 - whatever the service says
        """The decoded body."""
        return json.loads(self.body)

    @property
    def data(self) -> list[dict[str, Any]]:
        """The rows of an answer that has some."""
        rows: list[dict[str, Any]] = self.json()["data"]
        return rows

    @property
    def data_bytes(self) -> bytes:
        """The bytes of the member `data` as they were sent."""
        start = self.body.index(b'"data":') + len(b'"data":')
        _, length = json.JSONDecoder().raw_decode(self.body[start:].decode())
        return self.body[start : start + length]

    def __repr__(self) -> str:
        return f"Answer({self.status}, took={self.took:.3f}, body={self.body[:1500]!r})"


def call(
    port: int,
    method: str,
    path: str,
    parameters: Mapping[str, object],
    *,
    body: object = None,
    timeout: float = 30,
) -> Answer:
    """One call to a server on loopback.

    Raises:
        OSError: nobody answers, or not in time.
        http.client.HTTPException: the answer is no HTTP, or ends too early.
    """
    query = urlencode({k: _word(v) for k, v in parameters.items() if v is not None})
    target = f"{path}?{query}" if query else path
    headers = {} if body is None else {"Content-Type": "application/json"}
    content = None if body is None else json.dumps(body)
    began = time.monotonic()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with closing(link):
        link.request(method, target, content, headers)
        with link.getresponse() as reply:
            received = reply.read()
            told = {name.lower(): value for name, value in reply.getheaders()}
            return Answer(reply.status, told, received, time.monotonic() - began)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
