"""What Telegram finds out about a file by looking into it."""

from __future__ import annotations

import io

from PIL import Image

from tests.fakes.telegram_errors import bad_request

LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes (Bot API, sendPhoto)."""
MOST_SIDES = 10_000
"""Width and height of a photo together, in pixels (Bot API, sendPhoto)."""
MOST_RATIO = 20
"""Of a photo's longer side to its shorter one (Bot API, sendPhoto)."""
THUMBNAILS = (90, 320)
"""The longest sides of a photo's smaller sizes, in pixels."""


def check_photo(data: bytes) -> None:
    """Refuse what cannot be shown as a photo."""
    if len(data) > LARGEST_PHOTO:
        raise bad_request(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {LARGEST_PHOTO} bytes"
        )
    size = dimensions(data)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > MOST_SIDES or max(size) > MOST_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    if not _decodes(data):
        raise bad_request("IMAGE_PROCESS_FAILED")


def is_voice(data: bytes) -> bool:
    """Whether it is shown as a voice message: Ogg with Opus, MP3 or M4A (Bot API, sendVoice)."""
    return _is_ogg_opus(data) or _is_mp3(data) or _is_m4a(data)


def is_music(data: bytes) -> bool:
    """Whether it is shown in the music player: MP3 or M4A (Bot API, sendAudio)."""
    return _is_mp3(data) or _is_m4a(data)


def _is_ogg_opus(data: bytes) -> bool:
    return data.startswith(b"OggS") and b"OpusHead" in data[:64]


def _is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)


def _is_m4a(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:11] in (b"M4A", b"mp4", b"iso")


def _decodes(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            # A JPEG is decoded at a fraction of its size, which is enough to see that it is whole.
            picture.draft("RGB", (THUMBNAILS[0], THUMBNAILS[0]))
            picture.load()
    except Exception:
        # As below.
        return False
    return True


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of a picture, None where there is no picture to read."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except Exception:
        # Pillow has many errors, and a warning, for what is no picture or an enormous one.
        return None


def thumbnails(data: bytes) -> list[tuple[bytes, int, int]]:
    """A photo's smaller sizes with their widths and heights; none of what is no picture."""
    made = []
    for side in THUMBNAILS:
        try:
            with Image.open(io.BytesIO(data)) as picture:
                if max(picture.size) <= side:
                    break
                picture.draft("RGB", (side, side))
                small = picture.convert("RGB")
        except Exception:
            # As above: people's clients make the sizes, and for tests of broken files there are none.
            break
        small.thumbnail((side, side))
        target = io.BytesIO()
        small.save(target, "JPEG")
        made.append((target.getvalue(), *small.size))
    return made


def first_frame(data: bytes) -> bytes | None:
    """The still picture that a client makes of something that moves; None of what it cannot read."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            target = io.BytesIO()
            picture.convert("RGB").save(target, "JPEG")
    except Exception:
        # As above.
        return None
    return target.getvalue()
