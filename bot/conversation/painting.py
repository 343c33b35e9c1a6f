"""One order for pictures: how it is written, what the model can do of it, and the pictures that come of it."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bot.conversation.inquiry import person_hash
from bot.domain.media import ImageAbilities, ImageRequest, Painted, Picture, PictureRef, Sketched
from bot.domain.platform import OutgoingFile
from bot.domain.usage import Account
from bot.errors import EmptyAnswer, FileError, UsageError
from bot.media.workshop import Workshop
from bot.ports import ImageModel
from bot.replies import notices
from bot.replies.notices import code

COMMAND = "/imagine"
MOST_PICTURES = 4
SIDE = 2048
"""The longest side, in pixels, at which pictures that are made are kept, and given back to be changed."""

STRETCH = 1.25
"""How far the proportions of a picture may change when it is made larger."""

_OPTION = re.compile(r"(size|quality|count)=(\S+)\s+")

_MARK = re.compile(r"[A-Za-z0-9_-]{43}")

Abilities = Callable[[str], ImageAbilities]
Show = Callable[[OutgoingFile], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants painted. `size` is WIDTHxHEIGHT or auto."""

    prompt: str
    size: str | None = None
    quality: str | None = None
    count: int = 1

    @property
    def line(self) -> str:
        """The order as the command that gives it, which is how it stands in the conversation."""
        options = (("size", self.size), ("quality", self.quality), ("count", self.count if self.count > 1 else None))
        return " ".join([COMMAND, *(f"{name}={value}" for name, value in options if value), self.prompt])

    @classmethod
    def read(cls, line: str) -> Order | None:
        """The order that `line` wrote; None when it is something else."""
        if not line.startswith(f"{COMMAND} "):
            return None
        rest, given = line.removeprefix(f"{COMMAND} "), {}
        while option := _OPTION.match(rest):
            given[option[1]] = option[2]
            rest = rest[option.end() :]
        count = given.get("count", "1")
        return cls(rest, given.get("size"), given.get("quality"), int(count) if count.isdecimal() else 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What was made: the files as the model sent them, and the pictures as they are kept."""

    files: tuple[OutgoingFile, ...]
    pictures: tuple[Picture, ...]


class Painter:
    """Makes pictures with one model. `abilities` tells what a model can do."""

    def __init__(self, images: ImageModel, workshop: Workshop, model: str, abilities: Abilities) -> None:
        self.model = model
        self._images = images
        self._workshop = workshop
        self._abilities = abilities(model)

    @property
    def changes(self) -> bool:
        """Whether the model can change pictures."""
        return self.takes(1)

    def takes(self, count: int) -> bool:
        """Whether it can change so many pictures at once."""
        return count <= self._abilities.inputs

    def check(self, order: Order, inputs: int, locale: str | None) -> None:
        """Raise UsageError with a sentence when the model cannot do this."""
        able, model = self._abilities, code(self.model)
        if inputs and not self.changes:
            raise UsageError(notices.NO_CHANGES.say(locale, model=model))
        if inputs > max(1, able.inputs):
            raise UsageError(notices.TOO_MANY_INPUTS.say(locale, model=model, limit=able.inputs))
        for given, known, notice in (
            (order.size, able.sizes, notices.BAD_SIZE),
            (order.quality, able.qualities, notices.BAD_QUALITY),
        ):
            if given is not None and known and given not in (*known, *able.larger):
                choices = ", ".join(code(each) for each in known)
                raise UsageError(notice.say(locale, model=model, typed=code(given, 40), choices=choices))

    def larger(self, order: Order, picture: PictureRef) -> str | None:
        """The size in which a picture that came of an order can be made anew, in about the same proportions; None if
        there is none, or if it has such a size already: those that are kept do not tell."""
        able, pixels = self._abilities, picture.width * picture.height
        if not self.changes or order.size in able.larger:
            return None
        stretched = {size: _stretch(_pixels(size), (picture.width, picture.height)) for size in able.larger}
        fitting = [size for size in able.larger if math.prod(_pixels(size)) > pixels and stretched[size] <= STRETCH]
        return min(fitting, key=stretched.__getitem__, default=None)

    async def paint(self, order: Order, inputs: Sequence[Picture], account: Account, sketch: Show) -> Work:
        """The pictures; `sketch` is called with each one that is not finished. Raises ModelError."""
        request = ImageRequest(
            model=self.model,
            prompt=order.prompt,
            size=order.size,
            quality=order.quality,
            count=order.count,
            pictures=tuple(inputs),
            person=person_hash(account.person),
            account=account,
        )
        files: list[OutgoingFile] = []
        kept: list[Picture] = []
        try:
            async with aclosing(self._images.paint(request)) as events:
                async for event in events:
                    match event:
                        case Sketched():
                            sketch(await self._workshop.image_file(event.data, "sketch"))
                        case Painted():
                            files.append(await self._workshop.image_file(event.data, _name(order, len(files) + 1)))
                            kept.append(await self._workshop.picture(event.data, SIDE))
        except FileError as error:
            raise EmptyAnswer(self.model, f"what came is no picture: {error}") from error
        if not files:
            raise EmptyAnswer(self.model, "no picture came")
        return Work(tuple(files), tuple(kept))


def mark_of(picture: PictureRef) -> str:
    """A picture's name in a button, 43 characters."""
    return base64.urlsafe_b64encode(bytes.fromhex(picture.digest)).decode().rstrip("=")


def digest_of(mark: str) -> str | None:
    """The digest that a mark names; None when it is none."""
    return base64.urlsafe_b64decode(mark + "=").hex() if _MARK.fullmatch(mark) else None


def _pixels(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)


def _stretch(one: tuple[int, int], other: tuple[int, int]) -> float:
    """How many times wider for its height one of them is than the other."""
    ratio = one[0] * other[1] / (one[1] * other[0])
    return max(ratio, 1 / ratio)


def _name(order: Order, number: int) -> str:
    return "picture" if order.count == 1 else f"picture-{number}"
