"""Pictures and speech, as people type the commands for them."""

from __future__ import annotations

import pytest

from bot.domain.ids import settings_scope
from bot.domain.messages import Quote
from bot.errors import UsageError
from tests.unit.commands.conftest import CHAT, Desk, Ordered


def stored_voice(desk: Desk) -> str | None:
    return desk.store.preferences.scopes.get(settings_scope(CHAT), {}).get("voice")


@pytest.mark.parametrize(
    ("line", "ordered"),
    [
        ("/imagine a cat", Ordered("a cat", None, None, 1)),
        ("/imagine size=1024x1024 quality=high count=3 a cat", Ordered("a cat", "1024x1024", "high", 3)),
        ('/imagine prompt="a cat, count=2" size=auto', Ordered("a cat, count=2", "auto", None, 1)),
        ("/imagine a cat count=2", Ordered("a cat count=2", None, None, 1)),
        ("/imagine a cat\nin the rain ", Ordered("a cat\nin the rain", None, None, 1)),
    ],
)
async def test_imagine_orders_pictures(desk: Desk, line: str, ordered: Ordered) -> None:
    assert await desk.run(line) is None
    assert desk.studio.orders == [ordered]


@pytest.mark.parametrize("line", ["/imagine", "/imagine count=2", "/imagine count=5 a cat", "/imagine count=0 a cat"])
async def test_an_order_without_words_or_for_too_many_is_refused(desk: Desk, line: str) -> None:
    with pytest.raises(UsageError, match="Usage: `/imagine"):
        await desk.run(line)
    assert desk.studio.orders == []


async def test_transcribe_says_the_words(desk: Desk) -> None:
    assert await desk.say("/transcribe") == "Hello there."


async def test_transcribe_adds_nothing_to_a_file(desk: Desk) -> None:
    desk.voice.words = None

    assert await desk.run("/transcribe") is None


async def test_speak_says_the_text(desk: Desk) -> None:
    assert await desk.run("/speak Good  morning,\nall! ") is None
    assert desk.voice.spoken == ["Good  morning,\nall!"]


async def test_speak_without_words_takes_those_of_the_quoted_message(desk: Desk) -> None:
    assert await desk.run("/speak", quote=Quote("Ben", " Quoted. ")) is None
    assert await desk.run("/speak Mine.", quote=Quote("Ben", "Quoted.")) is None
    assert desk.voice.spoken == ["Quoted.", "Mine."]


@pytest.mark.parametrize("quote", [None, Quote("Ben", " ")])
async def test_speak_without_any_words_asks_for_them(desk: Desk, quote: Quote | None) -> None:
    reply = await desk.run("/speak", quote=quote)

    assert reply is not None
    assert reply.private
    assert reply.text == "Say what I should speak: `/speak text`, or reply to a message with /speak."
    assert desk.voice.spoken == []


async def test_voice_tells_what_is_chosen_and_how_to_change_it(desk: Desk) -> None:
    how = "`/voice on` and `/voice off` switch it, `/voice name` chooses a voice."

    assert await desk.say("/voice") == f"I answer voice notes in writing.\n{how}"
    assert await desk.buttons("/voice") == ["run /voice on", "run /voice off"]
    await desk.run("/voice on")
    assert (await desk.say("/voice")).endswith(f": the usual voice. The text comes along.\n{how}")
    await desk.run("/voice off")
    assert await desk.say("/voice") == f"I answer voice notes in writing.\n{how}"


@pytest.mark.parametrize(
    ("typed", "stored", "said"),
    [
        ("on", "on", "the usual voice"),
        ("OFF", "off", "in writing"),
        ("coral", "coral", "`coral`"),
        ("Fritz-PlayAI", "Fritz-PlayAI", "`Fritz-PlayAI`"),
        ('"de `x`"', "de `x`", "`de 'x'`"),
        ("x" * 100, "x" * 40, "x" * 40),
    ],
)
async def test_voice_keeps_the_choice_of_the_chat(desk: Desk, typed: str, stored: str, said: str) -> None:
    assert said in await desk.say(f"/voice {typed}")
    assert stored_voice(desk) == stored
    assert said in await desk.say("/voice")


async def test_a_bot_that_cannot_speak_says_what_is_missing(desk: Desk) -> None:
    desk.voice.speaks = False

    for line in ("/voice", "/voice on"):
        reply = await desk.run(line)
        assert reply is not None
        assert "SPEECH_MODEL" in reply.text
        assert reply.private
    assert stored_voice(desk) is None
