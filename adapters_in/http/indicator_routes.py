"""Indicators over bars."""

import math
from dataclasses import dataclass
from difflib import get_close_matches

from msgspec import UNSET

from adapters_in.http.bodies_indicators import Indicators
from adapters_in.http.encoding import gap_of, seconds_of
from adapters_in.http.kinds import Choice, Malformed, Schema
from adapters_in.http.next_page import page_start, paging_headers
from adapters_in.http.parameters import (
    Parameter,
    as_of,
    check_range,
    cursor,
    end,
    interval,
    limit,
    provider,
    start,
    symbol,
)
from adapters_in.http.replies import Call, Reply, Route, json_reply
from adapters_in.http.services import Services
from application.compute_indicators import IndicatorsAnswer
from domain.adjustment import Adjust
from domain.indicator_names import PATTERN, USUAL, NoIndicator
from domain.indicators import Columns, Indicator, parse_indicators
from domain.query import BarQuery, encode_cursor, named_at

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class IndicatorList:
    """Names of indicators with their numbers, joined by commas."""

    def read(self, text: str) -> tuple[Indicator, ...]:
        """The indicators."""
        if len(text) > _LONGEST:
            raise Malformed(f"has {len(text)} characters", f"Use {_LONGEST} at most.")
        try:
            return parse_indicators(text)
        except NoIndicator as fault:
            like = get_close_matches(fault.unknown[:40], USUAL, 2)
            near = fault.did_you_mean or tuple(USUAL[name] for name in like)
            raise Malformed(fault.says, fault.hint, near) from None

    def schema(self) -> Schema:
        """A string."""
        return {
            "type": "string",
            "pattern": f"^{PATTERN}$",
            "minLength": 1,
            "maxLength": _LONGEST,
        }


class IndicatorRoutes:
    """The route ``/api/v1/data/indicators``."""

    def __init__(self, services: Services) -> None:
        """Take the use cases."""
        self._services = services

    def table(self) -> tuple[Route, ...]:
        """The route."""
        what = (
            "sma_N ema_N rsi_N atr_N macd_F_S_G bb_N_K volatility_N vwap_N typical return "
            "log_return, joined by commas; the numbers may be left out."
        )
        adjust = "Over prices as traded, adjusted for splits, or for splits and dividends."
        return (
            Route(
                method="GET",
                path="/api/v1/data/indicators",
                tag="Bars",
                summary="Indicators, computed over the bars that there are",
                handle=self.indicators,
                parameters=(
                    symbol(),
                    interval("1h"),
                    Parameter(
                        "indicators", IndicatorList(), what, required=True, example="sma_20,rsi_14"
                    ),
                    start(),
                    end(),
                    limit(500, self._services.max_limit, "rows"),
                    provider(self._services.providers),
                    as_of(),
                    Parameter(
                        "adjust", Choice(tuple(a.value for a in Adjust)), adjust, default="none"
                    ),
                    cursor(),
                ),
                reply=Indicators,
                statuses=(400, 404, 422, 503, 504),
                headers=("Link",),
            ),
        )

    async def indicators(self, call: Call) -> Reply:
        """Compute and show."""
        values, services = call.values, self._services
        if values["cursor"] is not None:
            values["start"] = page_start(values["cursor"])
        check_range(values["start"], values["end"])
        query = BarQuery(
            symbol=values["symbol"],
            instrument=await services.resolve_symbol(
                values["symbol"], named_at(values["end"], values["as_of"]), values["provider"]
            ),
            interval=values["interval"],
            limit=values["limit"],
            start=values["start"],
            end=values["end"],
            provider=values["provider"],
            as_of=values["as_of"],
            onward=values["cursor"] is not None,
        )
        mode = Adjust(values["adjust"])
        found = await services.compute_indicators(query, values["indicators"], mode, call.context)
        body = _body(found, demo=services.demo)
        return json_reply(body, headers=paging_headers(call, body.next))


def _body(found: IndicatorsAnswer, *, demo: bool) -> Indicators:
    bars = found.bars
    pure = bars.as_of is not None
    return Indicators(
        symbol=bars.symbol,
        instrument=bars.instrument.id,
        interval=bars.interval.value,
        provider=bars.provider,
        rolled_up_from=UNSET if bars.rolled_up_from is None else bars.rolled_up_from.value,
        actions_from=bars.actions_from or UNSET,
        cached=None if pure else bars.cached,
        stale=None if pure else bars.stale,
        substituted=bars.substituted,
        demo=demo,
        as_of=None if bars.as_of is None else seconds_of(bars.as_of),
        adjusted=bars.adjusted or "none",
        indicators=tuple(found.columns),
        warmup=found.warmup,
        warmup_wanted=found.wanted,
        data=_rows(found),
        gaps=tuple(gap_of(gap) for gap in bars.gaps),
        next=None if bars.next_start is None else encode_cursor(bars.next_start),
    )


def _rows(found: IndicatorsAnswer) -> tuple[dict[str, float | int | None], ...]:
    times, closes = found.bars.series.ts.tolist(), found.bars.series.close.tolist()
    names, columns = tuple(found.columns), _plain(found.columns)
    return tuple(
        {"ts": ts, "timestamp": ts, "close": close, **dict(zip(names, row, strict=True))}
        for ts, close, *row in zip(times, closes, *columns, strict=True)
    )


def _plain(columns: Columns) -> list[list[float | None]]:
    """Lists with None for what is not defined."""
    return [
        [None if math.isnan(value) else value for value in column.tolist()]
        for column in columns.values()
    ]
