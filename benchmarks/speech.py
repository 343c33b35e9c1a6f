"""Recordings with the rhythm of speech, for drawings that need a voice note: a hum in syllables and phrases."""

from __future__ import annotations

import io
import math
from array import array
from random import Random

import av
from av.audio.frame import AudioFrame

RATE = 24_000  # samples a second; one of those that Opus knows


def spoken(seconds: float, seed: int) -> bytes:
    """Ogg/Opus with one channel, as voice notes are. The same numbers give the same sound."""
    samples = _samples(round(seconds * RATE), Random(seed))
    frame = AudioFrame(format="s16", layout="mono", samples=len(samples))
    frame.sample_rate = RATE
    frame.planes[0].update(samples.tobytes())
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return buffer.getvalue()


def _samples(count: int, chance: Random) -> array[int]:
    samples = array("h")
    while len(samples) < count:
        for _ in range(chance.randint(5, 11)):
            samples += _syllable(
                chance.uniform(0.11, 0.24), chance.triangular(0.12, 1.0, 0.35), chance.uniform(105, 150)
            )
        samples += array("h", bytes(2 * round(RATE * chance.uniform(0.15, 0.4))))
    return samples[:count]


def _syllable(seconds: float, loudness: float, pitch: float) -> array[int]:
    length = round(seconds * RATE)
    samples = array("h")
    for at in range(length):
        swell = math.sin(math.pi * at / length) * loudness
        turn = math.tau * pitch * at / RATE
        samples.append(round(9_000 * swell * (math.sin(turn) + 0.5 * math.sin(2 * turn) + 0.3 * math.sin(5 * turn))))
    return samples
