"""Recordings in the sandbox: `opus KIND SECONDS BYTES`, `mp3 KIND SECONDS BYTES` and `waveform KIND SECONDS`.

The kind is known, so that FFmpeg does not guess: some formats that it would try are lists of other files to open.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container.input import InputContainer

from bot.errors import FileTooLarge, FileUnreadable
from bot.media.child import Facts, serve

_DEMUXERS = {
    "ogg": "ogg",
    "mp3": "mp3",
    "aac": "aac",
    "wav": "wav",
    "flac": "flac",
    "m4a": "mov",
    "mp4": "mov",
    "webm": "matroska",
}

# Container, codec, rate and bits per second: speech is clear at these.
_TARGETS = {"opus": ("ogg", "libopus", 48000, 32000), "mp3": ("mp3", "libmp3lame", 24000, 48000)}

_DRAWN_RATE = 8000
_DRAWN_STEP = 160  # samples of one loudness: 20 ms
_MOST_LEVELS = 256


def work(data: bytes, arguments: Sequence[str]) -> tuple[Facts, bytes]:
    match arguments:
        case [("opus" | "mp3") as target, kind, seconds, most]:
            return _transcoded(data, target, kind, int(seconds), int(most))
        case ["waveform", kind, seconds]:
            return _drawn(data, kind, int(seconds))
    raise ValueError(arguments)


def _transcoded(data: bytes, target: str, kind: str, seconds: int, most: int) -> tuple[Facts, bytes]:
    container, codec, rate, bits = _TARGETS[target]
    buffer = io.BytesIO()
    samples = 0
    with av.open(buffer, "w", format=container) as out:
        stream = cast("AudioStream", out.add_stream(codec, rate=rate, layout="mono", bit_rate=bits))
        for frame in _frames(data, kind, rate, stream.format.name, seconds):
            frame.pts = samples
            samples += frame.samples
            out.mux(stream.encode(frame))
            if buffer.tell() > most:
                raise FileTooLarge(most)
        out.mux(stream.encode(None))
    if not samples:
        raise FileUnreadable("no sound in it")
    return {"duration": samples / rate}, buffer.getvalue()


def _drawn(data: bytes, kind: str, seconds: int) -> tuple[Facts, bytes]:
    """The loudest sample of each stretch of time, by the loudest of all."""
    peaks: list[int] = []
    samples, rest = 0, memoryview(b"").cast("h")
    for frame in _frames(data, kind, _DRAWN_RATE, "s16", seconds):
        samples += frame.samples
        sound = memoryview(rest.tobytes() + bytes(frame.planes[0])[: frame.samples * 2]).cast("h")
        whole = len(sound) // _DRAWN_STEP * _DRAWN_STEP
        peaks += [_peak(sound[at : at + _DRAWN_STEP]) for at in range(0, whole, _DRAWN_STEP)]
        rest = sound[whole:]
    if not samples:
        raise FileUnreadable("no sound in it")
    if len(rest):
        peaks.append(_peak(rest))
    count = min(_MOST_LEVELS, len(peaks))
    levels = [max(peaks[at * len(peaks) // count : (at + 1) * len(peaks) // count]) for at in range(count)]
    loudest = max(*levels, 1)
    return {"duration": samples / _DRAWN_RATE}, bytes(level * 255 // loudest for level in levels)


def _peak(sound: memoryview[int]) -> int:
    highest, lowest = max(sound), min(sound)
    return max(highest, -lowest)


def _frames(data: bytes, kind: str, rate: int, form: str, seconds: int) -> Iterator[AudioFrame]:
    """The sound with one channel at this rate; more than `seconds` of it raises FileTooLarge."""
    with av.open(io.BytesIO(data), "r", format=_DEMUXERS[kind]) as source:
        if not source.streams.audio:
            raise FileUnreadable("no sound in it")
        resampler = AudioResampler(format=form, layout="mono", rate=rate)
        left = seconds * rate
        for frame in _decoded(source):
            for made in resampler.resample(frame):
                left -= made.samples
                if left < 0:
                    raise FileTooLarge(len(data))
                yield made
        yield from resampler.resample(None)


def _decoded(source: InputContainer) -> Iterator[AudioFrame]:
    """What can be decoded: a damaged packet, or an end that is missing, leaves a gap."""
    for packet in source.demux(source.streams.audio[0]):
        try:
            yield from cast("Iterator[AudioFrame]", packet.decode())
        except av.error.InvalidDataError:
            continue


if __name__ == "__main__":
    serve(work)
