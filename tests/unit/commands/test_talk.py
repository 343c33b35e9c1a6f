"""Asking, starting anew, stopping and retrying."""

from __future__ import annotations

from tests.unit.commands.conftest import CHAT, Desk


async def test_ask_hands_over_the_question(desk: Desk) -> None:
    assert await desk.run("/ask why is\nthe sky blue?") is None
    assert desk.talk.asked == ["why is\nthe sky blue?"]


async def test_new_starts_a_conversation_and_keeps_the_persona(desk: Desk) -> None:
    await desk.run("/persona use teacher")
    before = await desk.store.conversations.current(CHAT.key)

    assert await desk.say("/new") == "New conversation. Persona and settings stay."
    assert await desk.store.conversations.current(CHAT.key) != before
    assert "**teacher**" in await desk.say("/persona")


async def test_stop_says_whether_something_ran(desk: Desk) -> None:
    desk.talk.running.add(CHAT)

    assert await desk.say("/stop") == "Stopped."
    assert await desk.say("/stop") == "Nothing is running here that could be stopped."


async def test_retry_answers_again(desk: Desk) -> None:
    assert await desk.run("/retry") is None
    assert await desk.run("/retry tiny") is None
    assert desk.talk.retried == [None, "open/tiny"]


async def test_retry_with_an_unknown_model_offers_similar_ones(desk: Desk) -> None:
    assert await desk.buttons("/retry open/tny") == ["run /retry open/tiny"]
    assert desk.talk.retried == []


async def test_retry_without_a_question_says_so(desk: Desk) -> None:
    desk.talk.answerable = False

    assert await desk.say("/retry") == "There is no question yet that I could answer again. Just write one."
