"""What tests of ordered pictures share."""

from __future__ import annotations

from functools import partial

from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import World
from tests.fakes import media
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.screen import Shown, Version

PAINTER = "fake/gpt-image-2"
OLD_PAINTER = "fake/dall-e-3"
"""Paints in one piece, without sketches, and may answer with addresses."""

SMALL = [media.png(64, 48)]
"""What costs a test no time."""

SKETCHES = [media.png(32, 24), media.png(48, 36)]

DONE = ["Again", "Change it", "Larger"]


def small(**fields: object) -> MediaScript:
    """An answer with a small picture, at once."""
    return MediaScript(pictures=SMALL, sketches=[], **fields)  # type: ignore[arg-type]  # fields of MediaScript, by name


def growing(pace: float, **fields: object) -> MediaScript:
    """An answer with two sketches before the picture, so many seconds between them."""
    return MediaScript(pictures=SMALL, sketches=SKETCHES, pace=pace, **fields)  # type: ignore[arg-type]  # as above


async def imagine(world: World, place: Place, person: Person, line: str, file: Sent | None = None) -> Shown:
    """Order pictures and wait for them; returns the message with the buttons."""
    return await world.offered_after(place, partial(world.side.command, place, person, line, file=file), "Again")


def labels(shown: Shown) -> list[str]:
    return [label for label, _ in shown.buttons]


def versions(shown: Shown) -> list[Version]:
    """All looks of a message but Discord's sign that an answer will come."""
    return [version for version in shown.versions if version.text]
