"""Telemetry that tests can read back."""

from ports.telemetry import Telemetry


class RecordingTelemetry(Telemetry):
    """Keeps every observation as ``(name, fields)`` in the order of arrival."""

    def __init__(self) -> None:
        """Start empty."""
        self.seen: list[tuple[str, dict[str, object]]] = []

    def named(self, name: str) -> list[dict[str, object]]:
        """The fields of every observation of that name."""
        return [fields for seen, fields in self.seen if seen == name]

    def request_served(self, route: str, method: str, status: int, seconds: float) -> None:
        """Keep it."""
        self._keep("request_served", route=route, method=method, status=status, seconds=seconds)

    def provider_called(self, provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        """Keep it."""
        self._keep(
            "provider_called",
            provider=provider,
            endpoint=endpoint,
            outcome=outcome,
            seconds=seconds,
        )

    def budget_waited(self, provider: str, priority: str, seconds: float) -> None:
        """Keep it."""
        self._keep("budget_waited", provider=provider, priority=priority, seconds=seconds)

    def budget_used(self, provider: str, fraction: float) -> None:
        """Keep it."""
        self._keep("budget_used", provider=provider, fraction=fraction)

    def circuit_changed(self, provider: str, state: str) -> None:
        """Keep it."""
        self._keep("circuit_changed", provider=provider, state=state)

    def circuit_seen(self, provider: str, state: str) -> None:
        """Keep it."""
        self._keep("circuit_seen", provider=provider, state=state)

    def cache_asked(self, layer: str, *, hit: bool) -> None:
        """Keep it."""
        self._keep("cache_asked", layer=layer, hit=hit)

    def rows_written(self, provider: str, inserted: int, changed: int, rejected: int) -> None:
        """Keep it."""
        self._keep(
            "rows_written",
            provider=provider,
            inserted=inserted,
            changed=changed,
            rejected=rejected,
        )

    def quality_scored(self, provider: str, interval: str, score: float) -> None:
        """Keep it."""
        self._keep("quality_scored", provider=provider, interval=interval, score=score)

    def job_ended(self, kind: str, state: str, seconds: float) -> None:
        """Keep it."""
        self._keep("job_ended", kind=kind, state=state, seconds=seconds)

    def event(self, name: str, **fields: object) -> None:
        """Keep it under its own name."""
        self._keep(name, **fields)

    def _keep(self, name: str, **fields: object) -> None:
        self.seen.append((name, fields))
