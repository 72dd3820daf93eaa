"""Bodies as providers of stocks, futures and averages send them, in their own words and lengths."""

from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from tests.benchmarks.payloads import START, Walk, random_walk

MONTH = 1_704_067_200  # 2024-01: winter in New York, five hours behind
_OPENS, _MINUTES = 14 * 3600 + 1800, 390
_DAY, _HALF_HOUR, _FRIDAY = 86_400, 1800, 4


def session_walk(rows: int) -> Walk:
    """Minutes of a stock: weekdays from half past nine in New York, without the nights between."""
    weekdays = [d for d in range(rows // _MINUTES * 2 + 7) if d % 7 <= _FRIDAY]
    opens = MONTH + _DAY * np.array(weekdays) + _OPENS
    ts = (opens[:, None] + 60 * np.arange(_MINUTES)).ravel()[:rows]
    walk = random_walk(rows)
    return walk._replace(ts=ts, volume=np.ceil(walk.volume * 100))


def daily_walk(rows: int, step: int = _DAY, places: int = 2) -> Walk:
    """One bar a day (or per ``step`` seconds), none left out."""
    start = START // step * step
    return random_walk(rows, places)._replace(ts=start + step * np.arange(rows))


def half_hours(rows: int) -> Walk:
    """The candles of a day."""
    return daily_walk(rows, _HALF_HOUR, places=8)


def polygon_aggregates(rows: int) -> bytes:
    """The answer of ``/v2/aggs``: a large volume has an exponent, as of a minute in a thousand."""
    walk = random_walk(rows)
    volume = np.where(np.arange(rows) % 1000, walk.volume, 1_234_567.0)
    lines = [
        f'{{"v":{_short(v)},"vw":{w:.10g},"o":{o:.10g},"c":{c:.10g},"h":{h:.10g},'
        f'"l":{lo:.10g},"t":{ts * 1000},"n":{n}}}'
        for ts, o, h, lo, c, v, w, n in _rows(walk._replace(volume=volume))
    ]
    head = f'{{"ticker":"X:BTCUSD","queryCount":{rows},"resultsCount":{rows},"adjusted":false,'
    tail = f'"status":"OK","request_id":"6a7e466379af0a71039d60cc78e72282","count":{rows}}}'
    return f'{head}"results":[{",".join(lines)}],{tail}'.encode()


def _short(value: float) -> str:
    """As Go writes it: from a million on with an exponent."""
    return f"{value:.7g}" if value < 10**6 else f"{value:.6e}"


def massive_aggregates(rows: int) -> bytes:
    """The answer of ``/futures/v1/aggs``, with times in nanoseconds."""
    lines = [
        f'{{"close":{c:.10g},"dollar_volume":{v * 100:.10g},"high":{h:.10g},"low":{lo:.10g},'
        f'"open":{o:.10g},"session_end_date":"2023-11-15","ticker":"ESZ3","transactions":{n},'
        f'"volume":{v:.0f},"window_start":{ts}000000000}}'
        for ts, o, h, lo, c, v, _, n in _rows(_whole(random_walk(rows)))
    ]
    head = '{"request_id":"b452e45b7eaad14151c3e1ce5129b558","results":'
    return f'{head}[{",".join(lines)}],"status":"OK"}}'.encode()


def eodhd_minutes(rows: int) -> bytes:
    """The answer of ``/api/intraday``: times as numbers and as words."""
    lines = [
        f'{{"timestamp":{ts},"gmtoffset":0,"datetime":"{_words(ts)}","open":{o:.10g},'
        f'"high":{h:.10g},"low":{lo:.10g},"close":{c:.10g},"volume":{v:.0f}}}'
        for ts, o, h, lo, c, v, _, _ in _rows(session_walk(rows))
    ]
    return f"[{','.join(lines)}]".encode()


def eodhd_days(rows: int) -> bytes:
    """The answer of ``/api/eod``."""
    lines = [
        f'{{"date":"{_words(ts)[:10]}","open":{o:.10g},"high":{h:.10g},"low":{lo:.10g},'
        f'"close":{c:.10g},"adjusted_close":{c:.10g},"volume":{v:.0f}}}'
        for ts, o, h, lo, c, v, _, _ in _rows(_whole(daily_walk(rows)))
    ]
    return f"[{','.join(lines)}]".encode()


def alpha_vantage_minutes(rows: int) -> bytes:
    """``TIME_SERIES_INTRADAY`` of a month as CSV: newest first, in the time of New York."""
    return _csv(session_walk(rows), behind=5, length=19)


def alpha_vantage_days(rows: int) -> bytes:
    """``TIME_SERIES_DAILY`` as CSV: a hundred rows or all."""
    return _csv(_whole(daily_walk(rows)), behind=0, length=10)


def _csv(walk: Walk, behind: int, length: int) -> bytes:
    lines = [
        f"{_words(ts - 3600 * behind)[:length]},{o:.4f},{h:.4f},{lo:.4f},{c:.4f},{v:.0f}\r\n"
        for ts, o, h, lo, c, v, _, _ in _rows(walk)
    ]
    return f"timestamp,open,high,low,close,volume\r\n{''.join(reversed(lines))}".encode()


def alpha_vantage_json(rows: int) -> bytes:
    """The same as JSON, which is what its Python client asks for."""
    lines = [
        f'"{_words(ts)[:10]}":{{"1. open":"{o:.4f}","2. high":"{h:.4f}","3. low":"{lo:.4f}",'
        f'"4. close":"{c:.4f}","5. volume":"{v:.0f}"}}'
        for ts, o, h, lo, c, v, _, _ in _rows(_whole(daily_walk(rows)))
    ]
    head = '{"Meta Data":{"2. Symbol":"AAPL"},"Time Series (Daily)":{'
    return f"{head}{','.join(reversed(lines))}}}}}".encode()


def yahoo_chart(rows: int) -> bytes:
    """The answer of ``/v8/finance/chart`` for a day of minutes: columns of doubles."""
    walk = session_walk(rows)
    ts = walk.ts.tolist()
    columns = {"open": walk.open, "high": walk.high, "low": walk.low, "close": walk.close}
    texts = {n: _array(map(_doubled, column.tolist())) for n, column in columns.items()}
    texts["volume"] = _array(f"{v:.0f}" for v in walk.volume.tolist())
    quote = ",".join(f'"{name}":{text}' for name, text in texts.items())
    meta = (
        '"currency":"USD","symbol":"AAPL","exchangeName":"NMS","instrumentType":"EQUITY",'
        f'"regularMarketTime":{ts[-1] + 60},"gmtoffset":-18000,"timezone":"EST",'
        '"exchangeTimezoneName":"America/New_York","regularMarketPrice":244.87,'
        '"priceHint":2,"dataGranularity":"1m","range":""'
    )
    head = f'{{"chart":{{"result":[{{"meta":{{{meta}}},"timestamp":{_array(map(str, ts))}'
    return f'{head},"indicators":{{"quote":[{{{quote}}}]}}}}],"error":null}}}}'.encode()


def _doubled(value: float) -> str:
    """A price that went through single precision on its way, as Yahoo's do."""
    return repr(float(np.float32(value / 100)))


def coingecko_candles(rows: int) -> bytes:
    """The answer of ``/coins/bitcoin/ohlc``: bare numbers, times of the closes."""
    lines = [
        f"[{(ts + _HALF_HOUR) * 1000},{o!r},{h!r},{lo!r},{c!r}]"
        for ts, o, h, lo, c, _, _, _ in _rows(half_hours(rows))
    ]
    return _array(lines).encode()


def coinmarketcap_periods(rows: int) -> bytes:
    """The answer of ``/v2/cryptocurrency/ohlcv/historical``: a page of days."""
    lines = [
        f'{{"time_open":"{_iso(ts)}","time_close":"{_iso(ts + _DAY - 1)}","time_high":'
        f'"{_iso(ts + 3600)}","time_low":"{_iso(ts + 7200)}","quote":{{"USD":{{"open":{o!r},'
        f'"high":{h!r},"low":{lo!r},"close":{c!r},"volume":{v * 1e9!r},"market_cap":'
        f'{c * 1e7!r},"timestamp":"{_iso(ts + _DAY - 1)}"}}}}}}'
        for ts, o, h, lo, c, v, _, _ in _rows(daily_walk(rows, places=8))
    ]
    status = '"status":{"timestamp":"2026-03-05T22:43:48.471Z","error_code":0,"credit_count":1}'
    head = '{"data":{"id":1,"name":"Bitcoin","symbol":"BTC","quotes":'
    return f"{head}{_array(lines)}}},{status}}}".encode()


def _whole(walk: Walk) -> Walk:
    return walk._replace(volume=np.ceil(walk.volume * 100))


def _rows(walk: Walk) -> Iterable[tuple[float, ...]]:
    return zip(*(column.tolist() for column in walk), strict=True)


def _array(texts: Iterable[str]) -> str:
    return f"[{','.join(texts)}]"


def _words(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M:%S}"


def _iso(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
