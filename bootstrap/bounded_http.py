"""uvicorn's HTTP protocol with the bounds that its parser does not set."""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters_in.http.problems import MEDIA_TYPE, Refused, encode, refuse

MOST_HEAD = 96 * 1024
HEAD_S = 30.0


class BoundedHttp(HttpToolsProtocol):
    """A head of at most 96 KiB that is there within 30 s; refusals are problems.

    Without it a caller could send headers for ever: they are kept until the last one has come.
    """

    _head_bytes = 0
    _in_head = False
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; whatever continues an unfinished head counts."""
        begun = self._in_head
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._wait_for_head()
        if begun:  # what is before it in the first piece may belong to other requests
            self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD:
            limit = f"The head of the request is larger than {MOST_HEAD} bytes."
            self._refuse(refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, limit))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        del msg
        self._refuse(
            refuse(
                HTTPStatus.BAD_REQUEST,
                "What came is no HTTP/1.1 request that can be read.",
                hint="Percent-encode whatever in an address is no plain ASCII, and keep it short.",
            )
        )

    def _refuse(self, refused: Refused) -> None:
        """Answer outside of the application, and hang up."""
        status, body = refused.problem.status, encode(refused.problem, "", "")
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _wait_for_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_S, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        self.transport.close()
