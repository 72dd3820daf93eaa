"""Repeatable noise: a value at any place without computing the places before it.

SplitMix64 (Steele, Lea, Flood 2014) over ``key + index``, vectorised.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)
_FIELD = np.uint64(0xFFFF)
# A sum of two uniforms on [0, 2^32) has this mean and standard deviation.
_MEAN = float(2**32)
_DEVIATION = 2**32 / 6**0.5


def key_of(*parts: object) -> int:
    """64 bits that stand for the parts; the same on every machine."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def words(key: int, index: Ints) -> Words:
    """64 random bits for each index."""
    x = index.astype(np.uint64) * _GOLDEN + np.uint64(key)
    x ^= x >> np.uint64(30)
    x *= _FIRST
    x ^= x >> np.uint64(27)
    x *= _SECOND
    x ^= x >> np.uint64(31)
    return x


def bell(bits: Words) -> Floats:
    """Mean 0, deviation 1, within ±2.45 (triangular: noise needs no tails)."""
    return (((bits & _LOW) + (bits >> np.uint64(32))).astype(np.float64) - _MEAN) / _DEVIATION


def fraction(bits: Words, field: int) -> Floats:
    """One of four independent values in [0, 1) from the same bits."""
    part = (bits >> np.uint64(16 * field)) & _FIELD
    return part.astype(np.float64) / 65536.0


def octaves(key: int, place: Ints, count: int) -> Floats:
    """Smooth noise with periods 1, 2, 4 … 2^(count-1), each as strong as a random walk's."""
    total = np.zeros(len(place))
    for octave in range(count):
        period = 1 << octave
        cell = place // period
        along = (place - cell * period) / period
        blend = along * along * (3.0 - 2.0 * along)
        left, right = (bell(words(key + octave, cell + step)) for step in (0, 1))
        total += (left + (right - left) * blend) * period**0.5
    return total
