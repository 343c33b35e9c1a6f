"""Many chats and many faults at once, by chance but the same each time: in the end every answer stands there whole."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from tests.e2e.side import Place
from tests.e2e.world import World
from tests.fakes.faults import FaultKind
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

CHATS = 6
ANYWHERE: tuple[FaultKind, ...] = ("status", "flood", "drop_before", "garbage", "stall_before")
AFTER_EFFECT: tuple[FaultKind, ...] = ("drop_after", "stall_after")
"""Of a message on Telegram nobody can know that it was sent, so there these are for edits alone."""

WORDS = [
    "the",
    "model",
    "writes",
    "a",
    "text",
    "with",
    "**bold**",
    "words",
    "`code`",
    "and",
    "plain",
    "ones",
    "until",
    "it",
    "has",
    "said",
    "enough",
    "of",
    "it",
    "all",
]


def answer(chance: random.Random) -> str:
    """Paragraphs and blocks of code, up to some 6,000 characters."""
    parts = []
    for _ in range(chance.randint(2, 14)):
        words = " ".join(chance.choices(WORDS, k=chance.randint(5, 80)))
        parts.append(f"```python\n{words.replace(' ', chr(10))}\n```" if chance.random() < 0.3 else words)
    return "\n\n".join(parts)


def disturb(world: World, place: Place, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 4)):
        call = chance.choice(("send", "edit", "edit", "typing"))
        kinds = ANYWHERE if call == "send" and world.side.name == "telegram" else (*ANYWHERE, *AFTER_EFFECT)
        kind, skip, seconds = chance.choice(kinds), chance.randint(0, 3), chance.uniform(0.5, 3)
        world.side.fault(kind, call, place, skip=skip, seconds=seconds)  # type: ignore[arg-type]  # one of three names


@pytest.mark.parametrize("seed", range(3))
async def test_every_answer_stands_there_whole(world: World, seed: int) -> None:
    world.expect_error("telegram.request.*invalid JSON")
    chance = random.Random(seed)
    chats = [world.private(f"Person {number}") for number in range(CHATS)]
    texts = {person.name: answer(chance) for person, _ in chats}
    world.model.respond = lambda body: Script.of(
        texts[body["messages"][-1]["content"]], size=chance.randint(4, 60), pace=chance.uniform(0.01, 0.1)
    )
    for _, place in chats:
        disturb(world, place, chance)
    asked = [
        world.answer_after(place, partial(world.say, place, person, person.name), timeout=200)
        for person, place in chats
    ]
    for (person, _), messages in zip(chats, await asyncio.gather(*asked), strict=True):
        world.check_shows(messages, texts[person.name])
