"""The yardstick of serving: the same bytes with the same headers from an app of four lines.

``python -m tests.benchmarks.bare_asgi PORT FILE``: the file holds headers as JSON in its first
line, then the body. uvicorn runs with the settings of the service.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvicorn
import uvloop

from adapters_in.http.asgi import App, Receive, Scope, Send


def bare_app(headers: list[tuple[bytes, bytes]], body: bytes) -> App:
    """Whatever is asked: these headers and this body."""
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    content = {"type": "http.response.body", "body": body}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send(start)
        await send(content)

    return app


def main(port: int, path: Path) -> None:
    """Serve until a signal."""
    first, _, body = path.read_bytes().partition(b"\n")
    headers = [(name.encode(), value.encode()) for name, value in json.loads(first)]
    config = uvicorn.Config(
        bare_app(headers, body),
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        backlog=2048,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
