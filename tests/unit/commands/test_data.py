"""/export and /forget."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.commands.spec import Reply
from bot.domain.conversations import Answer, AnswerState, Question, Turn
from bot.domain.ids import Person
from bot.domain.platform import Limits
from bot.errors import UsageError
from tests.unit.commands.conftest import ANN, BOB, CHAT, ROOT, Desk

PRIVATE = replace(CHAT, kind="private")
USER_SCOPE, CHAT_SCOPE = "telegram:1/user/42", "telegram:1/chat/100"


async def talk(desk: Desk, *asked: tuple[Person, str], said: str = "Indeed.", state: AnswerState = "complete") -> None:
    conversations = desk.store.conversations
    for author, text in asked:
        question = Question(f"{desk.chat.key} {author.name} {text}", author.handle, author.name, text)
        turn = await conversations.add_question(await conversations.current(desk.chat.key), question)
        assert turn is not None
        await conversations.add_answer(turn, Answer(said, state, "acme/large-1", "assistant"))


async def left(desk: Desk) -> list[str]:
    conversation = await desk.store.conversations.current(desk.chat.key)
    return [turn.question.text async for turn in desk.store.conversations.branch(conversation)]


async def run(desk: Desk, line: str, person: Person = ANN) -> Reply:
    reply = await desk.run(line, person)
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("line", "name", "mime"),
    [
        ("/export", "conversation.md", "text/markdown"),
        ("/export markdown", "conversation.md", "text/markdown"),
        ("/export json", "conversation.json", "application/json"),
        ("/export jsonl", "conversation.jsonl", "application/jsonl"),
    ],
)
async def test_a_conversation_comes_as_a_file(desk: Desk, line: str, name: str, mime: str) -> None:
    await talk(desk, (ANN, "Why?"), (BOB, "How?"))
    reply = await run(desk, line)
    assert reply.text == "Here is this conversation as a file."
    assert reply.private
    [file] = reply.files
    assert (file.kind, file.name, file.mime) == ("document", name, mime)
    assert file.data.index(b"Why?") < file.data.index(b"How?")


async def test_who_answers_now_is_whom_a_model_is_trained_as(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"))
    await desk.run("/persona use engineer")
    [file] = (await run(desk, "/export jsonl")).files
    messages = json.loads(file.data)["messages"]
    assert messages[0]["content"].startswith("You build.")
    assert messages[1:] == [
        {"role": "user", "content": "Ann: Why?"},
        {"role": "assistant", "content": "Indeed."},
    ]


async def test_only_the_current_conversation_is_exported(desk: Desk) -> None:
    await talk(desk, (ANN, "old"))
    await desk.run("/new")
    await talk(desk, (ANN, "new"))
    [file] = (await run(desk, "/export json")).files
    assert [turn["question"] for turn in json.loads(file.data)["turns"]] == ["new"]


async def test_more_turns_than_are_written_at_once_come_in_order(desk: Desk) -> None:
    asked = [(ANN, f"{number}") for number in range(1100)]
    desk.store.conversations = Endless(asked)  # type: ignore[assignment]
    [file] = (await run(desk, "/export json")).files
    assert [turn["question"] for turn in json.loads(file.data)["turns"]] == [text for _, text in asked]


class Endless:
    """A conversation of these questions."""

    def __init__(self, asked: list[tuple[Person, str]]) -> None:
        self._asked = asked

    async def known(self, chat_key: str) -> bool:
        return True

    async def current(self, chat_key: str) -> int:
        return 0

    async def branch(self, conversation: int) -> AsyncIterator[Turn]:
        for author, text in self._asked:
            yield Turn(1, Question(text, author.handle, author.name, text))


async def test_of_a_conversation_that_is_too_long_the_newest_part_comes(desk: Desk) -> None:
    await talk(desk, *((ANN, f"question {number}") for number in range(20)))
    desk.channel.limits = Limits(text=4096, place=(), upload=1024)
    reply = await run(desk, "/export")
    [file] = reply.files
    assert len(file.data) <= 1024
    assert b"question 19" in file.data
    gone = 20 - file.data.count(b"question")
    assert reply.text == (
        "Here is this conversation as a file. "
        f"It is long: files may have 1 KB here, so the {gone} oldest questions are left out."
    )


async def test_nothing_to_export_is_said(desk: Desk) -> None:
    with pytest.raises(UsageError, match="nothing to export yet"):
        await desk.run("/export")
    assert not await desk.store.conversations.known(CHAT.key)
    await desk.store.conversations.current(CHAT.key)
    with pytest.raises(UsageError, match="nothing to export yet"):
        await desk.run("/export")
    await talk(desk, (ANN, "Why?"), state="failed")
    with pytest.raises(UsageError, match="no answer yet that a model could learn from"):
        await desk.run("/export jsonl")
    assert (await run(desk, "/export json")).files


async def test_an_answer_that_fits_no_file_is_said(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"), said="x" * 5000)
    desk.channel.limits = Limits(text=4096, place=(), upload=2048)
    with pytest.raises(UsageError, match="larger than the 2 KB"):
        await desk.run("/export")


async def test_forgetting_says_first_what_goes(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"))
    for line in ("/forget", "/forget me"):
        reply = await run(desk, line)
        assert reply.private
        assert "What others wrote stays." in reply.text
        assert [(button.label, button.data) for button in reply.buttons] == [("Delete", "run /forget me 42")]
    assert await left(desk) == ["Why?"]


@pytest.mark.parametrize(
    "line", ["/forget me 42", "/forget me confirm", "/forget confirm=confirm", "/forget me CONFIRM"]
)
async def test_in_a_group_a_persons_words_go(desk: Desk, line: str) -> None:
    await talk(desk, (ANN, "Why?"), (BOB, "How?"))
    await desk.store.preferences.put(USER_SCOPE, "model", "acme/small-1")
    await desk.store.preferences.put(CHAT_SCOPE, "model", "open/tiny")
    reply = await run(desk, line)
    assert (reply.text, reply.private, reply.in_place) == ("I have forgotten you. Messages deleted: 2.", True, True)
    assert await left(desk) == ["How?"]
    assert set(await desk.store.preferences.all(["model"])) == {CHAT_SCOPE}


async def test_a_private_chat_goes_with_its_person(desk: Desk) -> None:
    desk.chat = PRIVATE
    await talk(desk, (ANN, "Why?"), (BOB, "a message that was forwarded"))
    for scope in (USER_SCOPE, CHAT_SCOPE, "telegram:1/thread/100/7", "telegram:1/chat/1000"):
        await desk.store.preferences.put(scope, "model", "open/tiny")
    assert "This whole chat goes too" in await desk.say("/forget")
    assert await desk.say("/forget me 42") == "I have forgotten you. Messages deleted: 4."
    assert not await desk.store.conversations.known(PRIVATE.key)
    assert set(await desk.store.preferences.all(["model"])) == {"telegram:1/chat/1000"}


async def test_the_button_of_somebody_else_deletes_nothing(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"), (BOB, "How?"))
    for person in (BOB, ROOT):
        with pytest.raises(UsageError, match="This button is for the person who asked for it"):
            await desk.run("/forget me 42", person)
    assert await left(desk) == ["Why?", "How?"]


async def test_only_admins_forget_a_group(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"), (BOB, "How?"))
    for line in ("/forget chat", "/forget chat confirm", "/forget chat 42"):
        with pytest.raises(UsageError, match="Only the bot's admins"):
            await desk.run(line)
    reply = await run(desk, "/forget chat", ROOT)
    assert "everything that anybody asked me here" in reply.text
    assert [button.data for button in reply.buttons] == ["run /forget chat 1"]
    assert await left(desk) == ["Why?", "How?"]
    assert await desk.say("/forget chat 1", ROOT) == "I have forgotten this chat. Messages deleted: 4."
    assert await left(desk) == []


async def test_a_private_chat_may_be_forgotten_by_whoever_is_in_it(desk: Desk) -> None:
    desk.chat = PRIVATE
    await talk(desk, (ANN, "Why?"))
    await desk.store.preferences.put(USER_SCOPE, "model", "acme/small-1")
    assert await desk.say("/forget chat confirm") == "I have forgotten this chat. Messages deleted: 2."
    assert set(await desk.store.preferences.all(["model"])) == {USER_SCOPE}


async def test_a_thread_is_forgotten_alone(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"))
    desk.chat = replace(CHAT, thread_id="7")
    await talk(desk, (ANN, "How?"))
    for scope in (CHAT_SCOPE, "telegram:1/thread/100/7", "telegram:1/thread/100/8"):
        await desk.store.preferences.put(scope, "model", "open/tiny")
    assert await desk.say("/forget chat confirm", ROOT) == "I have forgotten this chat. Messages deleted: 2."
    assert set(await desk.store.preferences.all(["model"])) == {CHAT_SCOPE, "telegram:1/thread/100/8"}
    desk.chat = CHAT
    assert await left(desk) == ["Why?"]


async def test_a_thread_that_shares_the_chats_conversation_is_that_chat(desk: Desk) -> None:
    await talk(desk, (ANN, "Why?"))
    desk.chat = replace(CHAT, thread_id="7", joined=True)
    assert await desk.say("/forget chat confirm", ROOT) == "I have forgotten this chat. Messages deleted: 2."
    assert await left(desk) == []
