"""Every call of a model is a row in the ledger: for whom, where, what for, how much, and what it cost."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.e2e.painting import OLD_PAINTER, PAINTER, imagine, small
from tests.e2e.side import Person, Place, Sent
from tests.e2e.world import MODEL, World
from tests.fakes import media
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]

USED = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 200},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
PRICES = {
    MODEL: {"input": 1.0, "cached": 0.1, "written": 1.25, "output": 5.0},
    PAINTER: {"input": 5.0, "image_input": 8.0, "output": 30.0},
    "fake/gpt-transcribe": {"minute": 0.6},
    "fake/gpt-4o-mini-tts": {"characters": 15.0},
    "fake/omni-moderation-latest": {"input": 0.0, "output": 0.0},
}
CHAT = ("chat", MODEL, 1000, 100, 400, 30, 400_000 + 40_000 + 250_000 + 500_000)
"""Of 1,000 tokens 400 were cached and 200 written to the cache."""
PICTURE = ("image", PAINTER, 10, 1056, 0, 0, 50_000 + 31_680_000)
MODELS = {
    "image_model": PAINTER,
    "transcription_model": "fake/gpt-transcribe",
    "speech_model": "fake/gpt-4o-mini-tts",
    "prices": PRICES,
}
VOICE_NOTE = Sent("voice", media.ogg(), seconds=1)


def used(body: dict[str, Any]) -> Script:
    return Script.of("Said.", usage=USED)


async def entries(world: World) -> list[dict[str, Any]]:
    """The ledger, once the bot has ended."""
    await world.stop()
    found = world.rows("SELECT * FROM ledger ORDER BY id")
    (sums,) = world.rows("SELECT sum(calls) AS calls, sum(tokens) AS tokens, sum(cost) AS cost FROM spent_days")
    assert sums["calls"] == len(found)
    assert sums["tokens"] == sum(row["prompt_tokens"] + row["completion_tokens"] for row in found)
    assert sums["cost"] == sum(row["cost"] or 0 for row in found)
    return found


def counted(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("work", "model", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost")
    return tuple(row[name] for name in names)


async def heard(world: World, place: Place, person: Person, count: int) -> None:
    """Send a voice note and wait until so many recordings are shown."""
    await world.answer_after(place, partial(world.send, place, person, VOICE_NOTE))
    await world.until(place, lambda: sum(file.kind == "voice" for file in world.files(place)) == count)


async def test_who_asked_where(world: World) -> None:
    world.model.respond = used
    await world.start(prices=PRICES)
    ann, place = world.private()
    bob, group = world.person("Bob"), world.side.group()
    topic = world.side.topic(group, "Bread", bob)
    await world.ask(place, ann, "Hello")
    await world.ask(group, bob, "Hello")
    await world.ask(topic, bob, "Hello")
    rows = await entries(world)
    assert [counted(row) for row in rows] == [CHAT] * 3
    assert [row["person"] for row in rows] == [ann.handle, bob.handle, bob.handle]
    private, in_group, in_topic = [row["chat_key"] for row in rows]
    assert in_topic == in_group != private, "a thread is on the account of its chat"
    conversations = world.rows("SELECT chat_key FROM conversations ORDER BY id")
    assert [private, in_group] == [row["chat_key"] for row in conversations][:2]


async def test_answers_tools_and_pictures(world: World) -> None:
    await world.start(**MODELS, fallback_models=("fake/other-model",))
    ann, place = world.private()
    world.model.answers += [
        Script.of("One moment.", calls=[("make_picture", json.dumps({"prompt": "a cat"}))], usage=USED),
        Script.of("Here it is.", usage=USED),
    ]
    world.model.respond = used
    world.model.media_answers += [small(), small()]
    await world.ask(place, ann, "Draw a cat")
    await imagine(world, place, ann, "/imagine a dog")
    world.side.command(place, ann, "/ask How tall?")
    await world.sees(place, "Said.")
    await world.ask(place, ann, "How old?")
    await world.changed_after(place, lambda: world.press(place, ann, "Retry"))
    world.side.command(place, ann, "/compare personas=teacher,editor Which one?")
    await world.until(place, lambda: world.text(place).count("Said.") == 4)
    world.model.answers += [Script.error(503, "Overloaded", when=lambda body: body["model"] == "test-model")] * 9
    await world.ask(place, ann, "Are you there?")

    rows = await entries(world)
    found = [counted(row) for row in rows]
    assert sorted(found[:3]) == [CHAT, CHAT, PICTURE]
    assert found[3:-1] == [PICTURE, *[CHAT] * 5]
    assert found[-1] == ("chat", "fake/other-model", 1000, 100, 400, 30, None)
    assert [row["images"] for row in rows if row["work"] == "image"] == [1, 1]
    assert {row["person"] for row in rows} == {ann.handle}
    assert len({row["chat_key"] for row in rows}) == 1


async def test_recordings_speech_and_moderation(telegram: World) -> None:
    telegram.model.respond = used
    await telegram.start(**MODELS, moderation="both", moderation_model="fake/omni-moderation-latest")
    ann, place = telegram.private()
    telegram.side.command(place, ann, "/voice on")
    await telegram.sees(place, "voice too")
    await heard(telegram, place, ann, 1)
    telegram.side.command(place, ann, "/speak Good morning!")
    await telegram.until(place, lambda: len(telegram.files(place)) == 2)
    rows = await entries(telegram)
    parts = [(row["work"], row["seconds"], row["characters"], row["cost"]) for row in rows]
    assert parts == [
        ("transcription", pytest.approx(1, abs=0.1), 0, pytest.approx(10_000_000, rel=0.1)),
        ("moderation", 0, 0, 0),
        ("chat", 0, 0, CHAT[-1]),
        ("moderation", 0, 0, 0),
        ("speech", 0, len("Said."), 75_000),
        ("speech", 0, len("Good morning!"), 195_000),
    ]


async def test_a_transcript_on_request(world: World) -> None:
    await world.start(**MODELS)
    ann, place = world.private()
    note = world.send(place, ann, VOICE_NOTE)
    await world.until(place, lambda: world.answers(place) == 1)
    asked = len(world.model.calls("audio/transcriptions"))
    shown = world.text(place).count(world.model.media.words)
    world.side.command(place, ann, "/transcribe", about=note)
    await world.until(place, lambda: world.text(place).count(world.model.media.words) > shown)
    rows = [row for row in await entries(world) if row["work"] == "transcription"]
    assert len(rows) == len(world.model.calls("audio/transcriptions")) == asked + 1
    assert all(row["seconds"] > 0.5 for row in rows)


async def test_what_falls_out_is_summed_up_on_the_same_account(telegram: World) -> None:
    telegram.model.respond = used
    await telegram.start(history_tokens=600, prices=PRICES)
    ann, place = telegram.private()
    for number in range(6):
        await telegram.ask(place, ann, f"{number} " + "word " * 100)
        if any("keep the notes" in telegram.system(n) for n in range(len(telegram.model.bodies))):
            break
    await telegram.model.until(lambda: telegram.model.running == 0)
    rows = await entries(telegram)
    assert {row["work"] for row in rows} == {"chat", "summary"}
    assert {row["person"] for row in rows} == {ann.handle}
    assert [row["cost"] for row in rows] == [CHAT[-1]] * len(telegram.model.bodies)


async def test_answers_that_end_early(world: World) -> None:
    """What nobody counted is a guess without a cost; what never began is no row."""
    await world.start(prices=PRICES, image_model=OLD_PAINTER)
    ann, place = world.private()
    world.model.answers.append(Script.of("word " * 400, size=5, pace=0.05))
    world.say(place, ann, "Talk for a long time")
    await world.sees(place, "word word word")
    world.press(place, ann, "Stop")
    await world.until(place, lambda: world.answers(place) == 1)
    world.model.answers.append(Script.of("Half of it and no more", cut_after=3))
    await world.ask(place, ann, "Again")
    world.model.answers += [Script.error(400, "Bad request.")] * 2
    await world.ask(place, ann, "Again")
    world.model.media_answers += [MediaScript.moderated()] * 2
    world.side.command(place, ann, "/imagine a cat")
    await world.until(place, lambda: len(world.model.calls("images/generations")) >= 1)
    rows = await entries(world)
    assert [(row["work"], row["cost"]) for row in rows] == [("chat", None)] * 2
    assert all(row["prompt_tokens"] > 0 and row["completion_tokens"] > 0 for row in rows)
