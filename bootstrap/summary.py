"""What `serve` tells a person when it is ready."""

import socket

from bootstrap.lifespan import Opened
from bootstrap.settings import PREFIXES, Settings


def summary(settings: Settings, opened: Opened, listener: socket.socket, *, demo: bool) -> str:
    """A few lines: URLs, store, queue, providers and which keys are missing."""
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{port}"
    lines = [f"fks-data is ready on {url}" + (" (DEMO: synthetic prices)" if demo else "")]
    lines += [
        f"  docs       {url}/docs",
        f"  try        curl '{url}/api/v1/data/ohlcv?symbol=BTCUSDT&interval=1m&limit=5'",
        f"  store      {opened.store}",
        f"  queue      {opened.queue}",
        f"  providers  {_providers(opened)}",
    ]
    return "\n".join(lines)


def _providers(opened: Opened) -> str:
    parts = []
    for name, provider in opened.ring.catalogue().all().items():
        if provider.needs_key and not provider.has_key:
            prefix = PREFIXES.get(name, name.upper())
            parts.append(f"{name} (no key: set {prefix}_API_KEY)")
        else:
            parts.append(name)
    return ", ".join(parts)
