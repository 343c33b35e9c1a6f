"""Pictures, recordings and speech: what is asked of the models that make or hear them, and what they give."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Literal

from bot.domain.usage import Account, Usage


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A picture by its content: `digest` is the SHA-256 of its bytes in hex. Sizes are in pixels."""

    digest: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a model can be shown: JPEG or PNG, upright, without metadata. Sizes are in pixels."""

    data: bytes = field(repr=False)
    mime: Literal["image/jpeg", "image/png"]
    width: int
    height: int

    @property
    def ref(self) -> PictureRef:
        return PictureRef(hashlib.sha256(self.data).hexdigest(), self.width, self.height)

    @property
    def data_uri(self) -> str:
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording. `name` and `mime` follow from its bytes (`voice.ogg`, `audio/ogg`); `duration` is in seconds."""

    data: bytes = field(repr=False)
    name: str
    mime: str
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """`language` is a hint (`de`), `prompt` tells names and terms that may come up."""

    model: str
    sound: Sound
    language: str | None = None
    prompt: str | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """`voice` is one of the model's; None leaves the choice to the gateway."""

    model: str
    text: str
    voice: str | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Pictures to make. With `pictures` these are changed as the prompt says; `size` is WIDTHxHEIGHT or auto.

    `person` is a stable hash, never a platform id.
    """

    model: str
    prompt: str
    size: str | None = None
    quality: str | None = None
    count: int = 1
    pictures: tuple[Picture, ...] = ()
    person: str | None = None
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Sketched:
    """A picture that is not finished yet; `data` is an encoded image of any kind."""

    kind: Literal["sketched"] = field(default="sketched", init=False)
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Painted:
    """A finished picture; `data` is an encoded image of any kind. `usage` is that of all pictures that came in the same
    answer; one of them carries it, where the provider tells."""

    kind: Literal["painted"] = field(default="painted", init=False)
    data: bytes = field(repr=False)
    usage: Usage | None = None


ImageEvent = Sketched | Painted


@dataclass(frozen=True, slots=True)
class ImageAbilities:
    """What an image model can do. An empty tuple of sizes or qualities means that nothing is known of them.

    `most` is how many pictures one request may ask for, `inputs` how many it may be given to change (0: none).
    `larger` is the size to which a finished picture of theirs can be made anew, by width, height and square.
    """

    sizes: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    most: int = 4
    inputs: int = 1
    larger: tuple[str, ...] = ()
