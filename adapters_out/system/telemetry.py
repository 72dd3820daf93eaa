"""What the service counts about itself, for Prometheus and the log."""

from collections.abc import Callable
from functools import cache
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ports.telemetry import Telemetry

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CIRCUIT = ("closed", "half_open", "open")


class EventLog(Protocol):
    """Where structured events go: one call per line, fields by name."""

    def info(self, event: str, **fields: object) -> object:
        """Write one line."""


class PrometheusTelemetry(Telemetry):
    """Counters and histograms of one process; every label set is bounded."""

    def __init__(self, log: EventLog, service: str, version: str) -> None:
        """Create the families in a registry of their own."""
        self._log = log
        self._registry = CollectorRegistry()
        reg = self._registry
        Gauge("fks_build_info", "The running build.", ("service", "version"), registry=reg).labels(
            service, version
        ).set(1)
        self._requests = Counter(
            "fks_http_requests", "Requests answered.", ("route", "method", "status"), registry=reg
        )
        self._request_seconds = Histogram(
            "fks_http_request_duration_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=_LATENCY,
            registry=reg,
        )
        self._calls = Counter(
            "fks_provider_calls",
            "Calls to providers by outcome.",
            ("provider", "endpoint", "outcome"),
            registry=reg,
        )
        self._call_seconds = Histogram(
            "fks_provider_call_duration_seconds",
            "Time of calls to providers.",
            ("provider",),
            buckets=_LATENCY,
            registry=reg,
        )
        self._waits = Histogram(
            "fks_budget_wait_seconds",
            "Time that calls waited for their grant.",
            ("provider", "priority"),
            buckets=_LATENCY,
            registry=reg,
        )
        self._used = Gauge(
            "fks_budget_used_ratio",
            "The fullest window of a provider's budget, 0 to 1.",
            ("provider",),
            registry=reg,
        )
        self._circuit = Gauge(
            "fks_provider_circuit_state",
            "1 for the state that a provider's circuit is in.",
            ("provider", "state"),
            registry=reg,
        )
        self._cache = Counter(
            "fks_cache_lookups", "Cache look-ups by layer.", ("layer", "result"), registry=reg
        )
        self._rows = Counter(
            "fks_rows_written", "Bars by what became of them.", ("provider", "kind"), registry=reg
        )
        self._quality = Histogram(
            "fks_quality_score",
            "Quality scores of batches, 0 to 100.",
            ("provider", "interval"),
            buckets=(25.0, 50.0, 70.0, 85.0, 95.0, 99.0, 100.0),
            registry=reg,
        )
        # What every request touches: finding a child takes longer than counting.
        self._request_of = cache(self._requests.labels)
        self._request_seconds_of = cache(self._request_seconds.labels)
        self._cache_of = cache(self._cache.labels)
        self._jobs = Counter("fks_jobs_ended", "Jobs by end.", ("kind", "state"), registry=reg)

    def request_served(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count and time one request."""
        self._request_of(route, method, str(status)).inc()
        self._request_seconds_of(route).observe(seconds)

    def provider_called(self, provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        """Count and time one call."""
        self._calls.labels(provider, endpoint, outcome).inc()
        self._call_seconds.labels(provider).observe(seconds)

    def budget_waited(self, provider: str, priority: str, seconds: float) -> None:
        """Time one wait."""
        self._waits.labels(provider, priority).observe(seconds)

    def budget_used(self, provider: str, fraction: float) -> None:
        """Remember the fraction."""
        self._used.labels(provider).set(fraction)

    def circuit_changed(self, provider: str, state: str) -> None:
        """Mark the state and log the change."""
        self.circuit_seen(provider, state)
        self._log.info("circuit_changed", provider=provider, state=state)

    def circuit_seen(self, provider: str, state: str) -> None:
        """Mark the state."""
        for name in _CIRCUIT:
            self._circuit.labels(provider, name).set(1 if name == state else 0)

    def cache_asked(self, layer: str, *, hit: bool) -> None:
        """Count one look-up."""
        self._cache_of(layer, "hit" if hit else "miss").inc()

    def rows_written(self, provider: str, inserted: int, changed: int, rejected: int) -> None:
        """Count the rows of one batch."""
        for kind, count in (("inserted", inserted), ("changed", changed), ("rejected", rejected)):
            self._rows.labels(provider, kind).inc(count)

    def quality_scored(self, provider: str, interval: str, score: float) -> None:
        """Add one score."""
        self._quality.labels(provider, interval).observe(score)

    def job_ended(self, kind: str, state: str, seconds: float) -> None:
        """Count one job."""
        self._jobs.labels(kind, state).inc()
        self._log.info("job_ended", kind=kind, state=state, seconds=round(seconds, 3))

    def event(self, name: str, **fields: object) -> None:
        """One log line."""
        self._log.info(name, **fields)

    def watch(self, name: str, help_text: str, read: Callable[[], dict[str, float]]) -> None:
        """Add a gauge that is read when scraped: label ``part`` to value."""
        self._registry.register(_Watched(name, help_text, read))

    def render(self) -> bytes:
        """The text exposition of everything."""
        return generate_latest(self._registry)


class _Watched(Collector):
    def __init__(self, name: str, help_text: str, read: Callable[[], dict[str, float]]) -> None:
        self._name, self._help, self._read = name, help_text, read

    def collect(self) -> list[Metric]:
        family = GaugeMetricFamily(self._name, self._help, labels=["part"])
        for part, value in self._read().items():
            family.add_metric([part], value)
        return [family]
