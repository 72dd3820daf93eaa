"""Structured logs on stderr: a line for people or a JSON object for machines."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from domain.secret import Secret

_MASKED = "***"
_SENSITIVE = ("key", "token", "secret", "password", "authorization", "dsn")
_SHORTEST_SECRET = 4


class Redaction:
    """Masks known secrets wherever they appear in a line, and fields named like one."""

    def __init__(self) -> None:
        """Start without secrets."""
        self._secrets: set[str] = set()

    def hide(self, secret: Secret | None) -> None:
        """Mask this value from now on (very short ones would mask ordinary words)."""
        if secret is not None and len(secret.reveal()) >= _SHORTEST_SECRET:
            self._secrets.add(secret.reveal())

    def text(self, value: str) -> str:
        """The text with every known secret masked."""
        for secret in self._secrets:
            value = value.replace(secret, _MASKED)
        return value

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Mask one event (a structlog processor)."""
        for name, value in event.items():
            if any(word in name.lower() for word in _SENSITIVE):
                event[name] = _MASKED
            elif isinstance(value, str):
                event[name] = self.text(value)
            elif not isinstance(value, int | float | bool | None):
                event[name] = self.text(str(value))
        return event


REDACTION = Redaction()


def configure_logs(*, json: bool, level: str, service: str) -> structlog.stdlib.BoundLogger:
    """Set up logging for the process; libraries that print URLs are silenced below WARNING."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(),
        REDACTION,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in ("httpx", "httpcore", "hpack", "psycopg.pool", "dramatiq", "asyncio"):
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    log: structlog.stdlib.BoundLogger = structlog.get_logger(service)
    return log
