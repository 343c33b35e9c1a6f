"""What is asked of image endpoints, and what is left out of it after a model refused a parameter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from bot.domain.media import ImageRequest, Picture
from bot.llm.endpoint import Attempt, Endpoint
from bot.llm.parameters import refused_parameter

File = tuple[str, bytes, str]
"""The name, content and type of a file in a form."""

# These answer in base64 and refuse to be asked for it (https://platform.openai.com/docs/api-reference/images).
_ALWAYS_BASE64 = ("gpt-image*", "chatgpt-image*")

# What is said of a number or of streams without naming the parameter: "You must provide n=1 for this model", "Streaming
# is not supported".
_ONE_ALONE = re.compile(r"\bn\s?=\s?1\b|\bone image\b|\bsingle image\b|multiple images", re.IGNORECASE)
_NO_STREAM = re.compile(r"\bstream(ing|ed)?\b[^.]{0,40}\bnot (support|allow|enabl|available)", re.IGNORECASE)


class OneAtATime(Exception):
    """The model makes one picture a call."""


@dataclass(frozen=True, slots=True)
class PictureAttempts:
    """Makes the call anew without what the model refused."""

    endpoint: Endpoint
    model: str
    request: ImageRequest
    sketches: int
    silence: float

    def __call__(self, refused: frozenset[str]) -> Attempt:
        if self.request.count > 1 and "n" in refused:
            raise OneAtATime
        own = self._own(refused)
        images = self.endpoint.client.images.with_streaming_response
        common: dict[str, Any] = {
            "model": self.model,
            "prompt": self.request.prompt,
            "extra_body": self.endpoint.body(self.model, own),
            "timeout": self.endpoint.patient(self.silence),
        }
        if not self.request.pictures:
            return own, images.generate(**common)
        return own, images.edit(image=_files(self.request.pictures), **common)

    def _own(self, refused: frozenset[str]) -> dict[str, Any]:
        request = self.request
        wanted: dict[str, Any] = {"size": request.size, "quality": request.quality}
        if request.count > 1:
            wanted["n"] = request.count
        if self.sketches and not {"stream", "partial_images"} & refused:
            wanted |= {"stream": True, "partial_images": self.sketches}
        if not any(fnmatchcase(self.model.rpartition("/")[2].lower(), pattern) for pattern in _ALWAYS_BASE64):
            wanted["response_format"] = "b64_json"
        if self.endpoint.provider.quirks.person is not None:
            wanted[self.endpoint.provider.quirks.person] = request.person
        return {name: value for name, value in wanted.items() if value is not None and name not in refused}


def _files(pictures: Sequence[Picture]) -> File | list[File]:
    """One alone goes by the name `image`, which every server knows; several go as `image[]`."""
    files: list[File] = []
    for number, picture in enumerate(pictures, 1):
        name = "picture" if len(pictures) == 1 else f"picture-{number}"
        files.append((f"{name}.png" if picture.mime == "image/png" else f"{name}.jpg", picture.data, picture.mime))
    return files[0] if len(files) == 1 else files


def refused_by(words: str, param: str | None, own: Mapping[str, Any]) -> str | None:
    """Which parameter a refusal names. A size or quality that is quoted is the person's to change; that a model makes
    one picture a call is not."""
    if "n" in own and (param == "n" or _ONE_ALONE.search(words)):
        return "n"
    if "stream" in own and _NO_STREAM.search(words):
        return "stream"
    found = refused_parameter(words, param, own)
    if found in ("size", "quality") and re.search(rf"\b{re.escape(str(own[found]))}\b", words, re.IGNORECASE):
        return None
    return found
