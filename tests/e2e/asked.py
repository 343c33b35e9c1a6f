"""What one message of a request tells the model: its words, and its pictures as the model sees them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

_DATA_URI = re.compile(r"data:image/(jpeg|png);base64,([A-Za-z0-9+/]+=*)")


HEARD = "(said in the chat before, not to you)"
"""Stands above what the bot overheard, which comes along in quotation."""


@dataclass(frozen=True, slots=True)
class Asked:
    words: str
    pictures: tuple[Image.Image, ...] = ()

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [picture.size for picture in self.pictures]


def read(message: Mapping[str, Any]) -> Asked:
    """Fails where a picture is not part of the request itself, or carries metadata."""
    content = message["content"]
    if isinstance(content, str):
        return Asked(content)
    texts = [part["text"] for part in content if part["type"] == "text"]
    links = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    assert len(texts) + len(links) == len(content)
    return Asked("\n".join(texts), tuple(map(_picture, links)))


def _picture(link: str) -> Image.Image:
    found = _DATA_URI.fullmatch(link)
    assert found is not None, f"not a picture but {link[:60]}"
    picture = Image.open(io.BytesIO(base64.b64decode(found[2], validate=True)))
    picture.load()
    assert (picture.format or "").lower() == found[1]
    assert not picture.getexif()
    assert {"exif", "xmp", "icc_profile", "comment"}.isdisjoint(picture.info)
    return picture
