"""The demonstration's voice: a short melody instead of words, as Ogg/Opus. Loads PyAV, and works for a while: call it
in a thread."""

from __future__ import annotations

import hashlib
import math
from array import array
from io import BytesIO

import av

from bot.domain.media import Sound, SpeechRequest

_RATE = 24_000  # samples a second; one of those that Opus knows
_NOTE = 0.25  # seconds
_SHORTEST, _LONGEST = 1.0, 8.0
_CHARACTERS = 15.0  # that a person speaks in a second
_SCALE = (0, 2, 4, 7, 9, 12, 14)  # semitones: pentatonic, in which no two notes clash
_ROOT = 329.63  # hertz
_OVERTONES = (0.32, 0.12, 0.05)


def speak(request: SpeechRequest) -> Sound:
    """The same text and voice give the same melody; longer texts a longer one."""
    seconds = min(max(len(request.text) / _CHARACTERS, _SHORTEST), _LONGEST)
    count = round(seconds / _NOTE)
    notes = {step: _note(_ROOT * 2 ** (_SCALE[step] / 12)) for step in range(len(_SCALE))}
    samples = array("h")
    for step in _steps(f"{request.voice}:{request.text}", count):
        samples += notes[step]
    return Sound(_encoded(samples), "voice.ogg", "audio/ogg", count * _NOTE)


def _steps(seed: str, count: int) -> list[int]:
    """A walk over the scale that ends where it began."""
    step, steps = 2, []
    for byte in hashlib.shake_128(seed.encode("utf-8", "replace")).digest(count - 1):
        step = min(max(step + byte % 5 - 2, 0), len(_SCALE) - 1)
        steps.append(step)
    return [*steps, 0]


def _note(pitch: float) -> array[int]:
    """A plucked tone that starts and ends in silence."""
    length = round(_RATE * _NOTE)
    attack, release = _RATE // 100, _RATE // 50
    samples = array("h")
    for at in range(length):
        turn = 2 * math.pi * pitch * at / _RATE
        loudness = math.exp(-4.0 * at / length) * min(1.0, at / attack, (length - at) / release)
        wave = math.sin(turn) + sum(part * math.sin(n * turn) for n, part in enumerate(_OVERTONES, 2))
        samples.append(round(12_000 * loudness * wave))
    return samples


def _encoded(samples: array[int]) -> bytes:
    frame = av.AudioFrame("s16", "mono", len(samples))
    frame.sample_rate = _RATE
    frame.planes[0].update(samples.tobytes())
    file = BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=_RATE, layout="mono")
        stream.bit_rate = 32_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()
