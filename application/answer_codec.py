"""Answers as bytes, for the cache that processes share."""

import msgspec
import numpy as np
from msgspec import Struct

from application.answers import BarsAnswer, SourcePart
from domain.bars import COLUMNS, Bar, BarSeries
from domain.coverage import Gap
from domain.errors import MarketDataError
from domain.instrument import Instrument
from domain.interval import Interval
from domain.quality import QualityReport
from domain.timerange import TimeRange

_VERSION = 3


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
    rolled_up_from: Interval | None
    adjusted: str


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
    """The answer, marked as cached; None for bytes that are none of ours."""
    try:
        packed = _decoder.decode(data)
        return _answer(packed) if packed.version == _VERSION else None
    except (msgspec.MsgspecError, MarketDataError, ValueError):
        return None


def _answer(packed: _Packed) -> BarsAnswer:
    """Raises ValueError or InvalidRequest when the bytes are no columns of bars."""
    columns = {
        name: np.frombuffer(raw, dtype=np.int64 if name in {"ts", "trades"} else np.float64)
        for name, raw in zip(COLUMNS, packed.columns, strict=True)
    }
    fields = {
        name: getattr(packed, name)
        for name in _Packed.__struct_fields__
        if name not in {"version", "columns"}
    }
    series = BarSeries(packed.interval, **columns)  # type: ignore[arg-type]  # by name
    return BarsAnswer(series=series, cached=True, **fields)
