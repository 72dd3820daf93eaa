"""What is stored, and who provides it, as the bodies of answers."""

import math
from datetime import UTC, datetime

from adapters_in.http import bodies_series as bodies
from adapters_in.http.encoding import quality_of
from application.inspect_series import SeriesGaps
from application.list_providers import ProviderFacts
from domain.bars import Bar
from domain.instrument import AssetClass, Listing
from domain.ledger import Provenance, Revision, SeriesSummary
from domain.moment import MICROS
from domain.quality import QualityReport

_TYPES = {AssetClass.CRYPTO: "crypto", AssetClass.STOCK: "stocks", AssetClass.FUTURE: "futures"}


def provider_view(facts: ProviderFacts) -> bodies.ProviderView:
    """One provider."""
    can, health, budget = facts.capabilities, facts.health, facts.budget
    kinds = [name for kind, name in _TYPES.items() if kind in can.asset_classes]
    frozen = budget.frozen_until
    return bodies.ProviderView(
        name=facts.name,
        type="/".join(kinds),
        rate_limit=f"{facts.policy.rps:g} req/sec",
        capabilities=tuple(sorted(offer.value for offer in can.offers)),
        intervals=tuple(interval.value for interval in can.intervals),
        enabled=facts.enabled,
        needs_key=facts.needs_key,
        has_key=facts.has_key,
        key_refused=facts.key_refused,
        health=bodies.Health(
            health.state.value, health.latency_p50_ms, health.error_rate, health.score
        ),
        budget=bodies.Budget(
            budget.limit_per_s, budget.used_fraction, None if frozen is None else math.ceil(frozen)
        ),
    )


def coverage_view(summary: SeriesSummary, found: SeriesGaps | None) -> bodies.SeriesCoverage:
    """One series; ``found`` adds its ranges."""
    key, updated = summary.key, summary.updated_at
    held, empty = None, None
    if found is not None:
        held = tuple(bodies.Span(r.start, r.end) for r in found.coverage.held)
        empty = tuple(
            bodies.EmptyView(e.gap.start, e.gap.end, e.gap.reason.value, e.checked_at)
            for e in found.coverage.empty
        )
    return bodies.SeriesCoverage(
        instrument=key.instrument,
        interval=key.interval.value,
        provider=key.provider,
        bars=summary.bars,
        first=summary.first,
        last=summary.last,
        updated_at=None if updated is None else int(updated),
        held=held,
        empty=empty,
    )


def gap_views(found: SeriesGaps) -> tuple[bodies.SeriesGap, ...]:
    """The gaps of one series."""
    key = found.key
    return tuple(
        bodies.SeriesGap(
            instrument=key.instrument,
            interval=key.interval.value,
            provider=key.provider,
            start=gap.start,
            end=gap.end,
            bars=key.interval.count(gap.start, gap.end),
            reason=gap.reason.value,
        )
        for gap in found.gaps
    )


def span_view(found: SeriesGaps) -> bodies.SeriesSpan:
    """What was looked at."""
    key = found.key
    return bodies.SeriesSpan(
        instrument=key.instrument,
        interval=key.interval.value,
        provider=key.provider,
        start=found.range.start,
        end=found.range.end,
        missing_bars=sum(key.interval.count(gap.start, gap.end) for gap in found.gaps),
    )


def revision_view(revision: Revision) -> bodies.RevisionView:
    """One corrected bar."""
    key = revision.key
    return bodies.RevisionView(
        instrument=key.instrument,
        interval=key.interval.value,
        provider=key.provider,
        ts=revision.bar.ts,
        old=_values(revision.bar),
        new=_values(revision.replaced_by),
        known_at=revision.known_at // MICROS,
        known_at_iso=_exact(revision.known_at),
        superseded_at=revision.superseded_at // MICROS,
        superseded_at_iso=_exact(revision.superseded_at),
    )


def batch_view(batch: Provenance) -> bodies.BatchView:
    """One batch."""
    key = batch.key
    return bodies.BatchView(
        instrument=key.instrument,
        interval=key.interval.value,
        provider=key.provider,
        start=batch.range.start,
        end=batch.range.end,
        known_at=batch.known_at // MICROS,
        known_at_iso=_exact(batch.known_at),
        fetched_at=int(batch.fetched_at),
        inserted=batch.inserted,
        changed=batch.changed,
        request_id=batch.request_id,
    )


def quality_view(summary: SeriesSummary, report: QualityReport | None) -> bodies.SeriesQuality:
    """One series' newest verdict."""
    key = summary.key
    return bodies.SeriesQuality(
        instrument=key.instrument,
        interval=key.interval.value,
        provider=key.provider,
        bars=summary.bars,
        last=summary.last,
        quality=None if report is None else quality_of(report),
    )


def listing_view(listing: Listing) -> bodies.ListingView:
    """One listing."""
    instrument = listing.instrument
    return bodies.ListingView(
        provider=listing.provider,
        symbol=listing.symbol,
        instrument=instrument.id,
        asset_class=instrument.asset_class.value,
        base=instrument.base,
        quote=instrument.quote or None,
        active=listing.active,
        name=listing.name or None,
        valid_from=listing.valid_from,
        valid_to=listing.valid_to,
    )


def _values(bar: Bar) -> bodies.BarValues:
    return bodies.BarValues(
        bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.trades
    )


def _exact(micros: int) -> str:
    """ISO 8601 with µs, exactly (a float of seconds would not always be)."""
    at = datetime.fromtimestamp(micros // MICROS, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{micros % MICROS:06d}Z"
