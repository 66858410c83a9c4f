"""Integrated loudness of a recording in LUFS: K-weighting and gating (ITU-R BS.1770-4).

A full-scale sine of 997 Hz in one channel reads −3.01 LUFS.
"""

from __future__ import annotations

from math import pi, tan

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK, HOP = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
SILENT = -70.0
"""What silence reads: the absolute gate."""


def loudness(samples: Array, rate: int) -> float:
    """LUFS of `samples`, (channels, n) or (n,), full scale 1; `SILENT` where nothing passes the gates."""
    channels = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    weighted = _filtered(channels, rate)
    length, hop = max(1, round(BLOCK * rate)), max(1, round(HOP * rate))
    total = np.cumsum((weighted**2).sum(axis=0))
    total = np.concatenate([[0.0], total])
    starts = np.arange(0, max(1, total.size - length), hop)
    ends = np.minimum(starts + length, total.size - 1)
    power = (total[ends] - total[starts]) / np.maximum(ends - starts, 1)
    audible = power[_lufs(power) > ABSOLUTE_GATE]
    if not audible.size:
        return SILENT
    kept = audible[_lufs(audible) > _lufs(audible.mean()) + RELATIVE_GATE]
    return float(_lufs(kept.mean()))


def _lufs(power: float | Array) -> Array:
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(power, 1e-20)))


def _filtered(channels: Array, rate: int) -> Array:
    """K-weighted: a high shelf for the head, then a high pass, for any sampling rate."""
    from scipy.signal import lfilter

    for numerator, denominator in (_shelf(rate), _high_pass(rate)):
        channels = lfilter(numerator, denominator, channels, axis=1)
    return np.asarray(channels)


Biquad = tuple[list[float], list[float]]


def _shelf(rate: int) -> Biquad:
    """High shelf of about 4 dB; the standard's coefficients at 48 kHz, their analogue filter elsewhere."""
    k, q = tan(pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    scale = 1.0 + k / q + k * k
    b = [high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k]
    return [value / scale for value in b], _poles(k, q)


def _high_pass(rate: int) -> Biquad:
    return [1.0, -2.0, 1.0], _poles(tan(pi * 38.13547087602444 / rate), 0.5003270373238773)


def _poles(k: float, q: float) -> list[float]:
    scale = 1.0 + k / q + k * k
    return [1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / q + k * k) / scale]
