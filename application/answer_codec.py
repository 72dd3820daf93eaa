"""Answers as bytes, for the cache that processes share."""

import msgspec
import numpy as np
from msgspec import Struct

from application.answers import BarsAnswer, SourcePart
from domain.bars import COLUMNS, Bar, BarSeries
from domain.coverage import Gap
from domain.instrument import Instrument
from domain.interval import Interval
from domain.quality import QualityReport
from domain.timerange import TimeRange

_VERSION = 1


class _Packed(Struct, frozen=True, array_like=True):
    version: int
    symbol: str
    instrument: Instrument
    interval: Interval
    provider: str
    columns: tuple[bytes, ...]
    window: TimeRange
    quality: QualityReport
    gaps: tuple[Gap, ...]
    sources: tuple[SourcePart, ...]
    forming: Bar | None
    stale: bool
    substituted: bool
    as_of: int | None
    learned_at: float
    fresh_until: float
    next_start: int | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def pack_answer(answer: BarsAnswer) -> bytes:
    """Columns as raw little-endian bytes, everything else as MessagePack."""
    columns = tuple(getattr(answer.series, name).tobytes() for name in COLUMNS)
    fields = {
        name: getattr(answer, name)
        for name in _Packed.__struct_fields__
        if name not in {"version", "columns"}
    }
    return _encoder.encode(_Packed(version=_VERSION, columns=columns, **fields))


def unpack_answer(data: bytes) -> BarsAnswer | None:
    """The answer, marked as cached; None for bytes of another version of this service."""
    try:
        packed = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    if packed.version != _VERSION:
        return None
    ts, opened, high, low, close, volume, vwap, trades = packed.columns
    series = BarSeries(
        interval=packed.interval,
        ts=np.frombuffer(ts, dtype=np.int64),
        open=np.frombuffer(opened),
        high=np.frombuffer(high),
        low=np.frombuffer(low),
        close=np.frombuffer(close),
        volume=np.frombuffer(volume),
        vwap=np.frombuffer(vwap),
        trades=np.frombuffer(trades, dtype=np.int64),
    )
    fields = {
        name: getattr(packed, name)
        for name in _Packed.__struct_fields__
        if name not in {"version", "columns"}
    }
    return BarsAnswer(series=series, cached=True, **fields)
