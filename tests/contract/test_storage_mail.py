"""What arrived and what is on its way, over both databases and in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot import clock
from bot.domain.attachments import Attachment
from bot.domain.conversations import Answer, Question
from bot.domain.ids import ChatRef, Person
from bot.domain.media import PictureRef
from bot.domain.messages import (
    ButtonPress,
    ChatMoved,
    CommandCall,
    Deleted,
    Edited,
    Heard,
    Incoming,
    Invocation,
    Message,
    Quote,
)
from bot.domain.outbox import Fate, KeptPart, KeptReply
from bot.domain.platform import Button
from bot.domain.usage import Usage
from bot.ports import Store

ANN = Person("telegram", "7", "Ann \ud83d\0", "en", frozenset({"3"}))
BEN = Person("telegram", "8", "Ben")
CHAT = ChatRef("telegram", "1", "42", "group", thread_id="5", server_id="6")
ELSEWHERE = ChatRef("discord", "1", "42", "private")


def message(key: str, chat: ChatRef = CHAT, author: Person = ANN) -> Message:
    return Message(
        key=key,
        chat=chat,
        author=author,
        message_id="11",
        text="Hello \ud83d\0 💡",
        addressing="mention",
        attachments=(Attachment("voice", "handle", "a.ogg", "audio/ogg", 5, 1.5),),
        quote=Quote("Ben", "Well", True, (Attachment("image", "other"),), "10"),
        album_id="9",
        context=(Heard("Cem", "So"),),
    )


def reply(nonce: str, event: str | None = None, chat: ChatRef = CHAT) -> KeptReply:
    answer = Answer(
        "Hm 💡", "incomplete", "a/b", "assistant", Usage(1, 2, 3, 4), ("5",), (PictureRef("d", 1, 2),), "why"
    )
    return KeptReply(
        nonce=nonce,
        chat=chat,
        event=event,
        text="Hm \ud83d 💡",
        finished=False,
        buttons=(Button("Stop", "stop 1", asks=True),),
        parts=(KeptPart(0, 2, message_id="5", current=True), KeptPart(2, None, "```", plain=True, gone=1)),
        sending=1,
        reply_to="11",
        private=True,
        most=5,
        caption="All of it",
        spare=("3",),
        drops=("4",),
        withdrawals=1,
        fate=Fate("Sorry", CHAT.key, (Button("Retry", "retry 1"),), 1, answer, taken_back=True),
    )


EVENTS: tuple[Incoming, ...] = (
    message("m"),
    Edited(message("e")),
    Deleted("d", CHAT, ("1", "2")),
    CommandCall("c", CHAT, ANN, Invocation(("persona", "use"), {"name": "x", "count": 2, "share": 0.5, "on": True})),
    CommandCall("t", CHAT, ANN, "/help me", "12", attachments=(Attachment("image", "h"),), pressed="4"),
    ButtonPress("b", CHAT, ANN, "4", "retry 1", "words"),
    ChatMoved("v", CHAT, replace(CHAT, chat_id="43")),
)


async def waiting(store: Store, *platforms: str) -> list[str]:
    return [event.key for event, _ in await store.arrivals.waiting(platforms or ("telegram", "discord"))]


async def test_every_kind_of_event_comes_back_as_it_was(any_store: Store) -> None:
    assert set(await any_store.arrivals.add(EVENTS)) == {event.key for event in EVENTS}
    assert [event for event, _ in await any_store.arrivals.waiting(["telegram"])] == list(EVENTS)


async def test_what_is_known_is_not_new_and_keeps_its_place(any_store: Store) -> None:
    await any_store.arrivals.add([message("2"), message("1")])
    assert set(await any_store.arrivals.add([message("1"), message("3")])) == {"3"}
    assert await waiting(any_store) == ["2", "1", "3"]
    await any_store.arrivals.done(["1", "unknown"])
    assert await waiting(any_store) == ["2", "3"]
    assert not set(await any_store.arrivals.add([message("1")]))
    assert await waiting(any_store) == ["2", "3"]


async def test_platforms_wait_apart_and_tries_are_counted(any_store: Store) -> None:
    await any_store.arrivals.add([message("1"), message("2", ELSEWHERE)])
    assert await waiting(any_store, "telegram") == ["1"]
    await any_store.arrivals.tried("1")
    await any_store.arrivals.tried("1")
    assert [tries for _, tries in await any_store.arrivals.waiting(["telegram", "discord"])] == [2, 0]


async def test_active_chats_and_old_events(any_store: Store) -> None:
    await any_store.arrivals.add([message("1"), message("2"), message("3", ELSEWHERE)])
    await any_store.arrivals.done(["1", "2"])
    hour = timedelta(hours=1)
    assert set(await any_store.arrivals.active(clock.utc_now() - hour)) == {CHAT, ELSEWHERE}
    assert await any_store.arrivals.active(clock.utc_now() + hour) == []
    assert await any_store.arrivals.drop_before(clock.utc_now() - hour) == 0
    assert await any_store.arrivals.drop_before(clock.utc_now() + hour) == 1
    assert set(await any_store.arrivals.add([message("1")])) == {"1"}


async def test_a_reply_is_written_down_again_and_crossed_off(any_store: Store) -> None:
    await any_store.outbox.save([reply("a"), reply("b")])
    later = replace(reply("a"), text="Hm, more", finished=True, fate=None)
    await any_store.outbox.save([later])
    assert await any_store.outbox.all() == [later, reply("b")]
    await any_store.outbox.drop(["a", "unknown"])
    assert await any_store.outbox.all() == [reply("b")]


async def test_old_replies_are_forgotten(any_store: Store) -> None:
    await any_store.outbox.save([reply("a"), reply("b")])
    hour = timedelta(hours=1)
    assert await any_store.outbox.drop_before(clock.utc_now() - hour) == 0
    assert await any_store.outbox.drop_before(clock.utc_now() + hour) == 2
    assert await any_store.outbox.all() == []


async def test_an_event_is_done_with_the_last_of_its_replies(any_store: Store) -> None:
    await any_store.arrivals.add([message("1")])
    await any_store.outbox.save([reply("a", "1"), reply("b", "1")])
    await any_store.outbox.drop(["a"], ["1"])
    assert await waiting(any_store) == ["1"]
    await any_store.outbox.drop(["b"], ["1"])
    assert await waiting(any_store) == []


async def test_a_person_is_forgotten_in_what_waits(any_store: Store) -> None:
    await any_store.arrivals.add([message("1"), message("2", author=BEN)])
    await any_store.outbox.save([reply("a", "1"), reply("b", "2")])
    await any_store.forgetting.person(ANN.handle, [])
    assert await waiting(any_store) == ["2"]
    assert [kept.nonce for kept in await any_store.outbox.all()] == ["b"]
    assert not set(await any_store.arrivals.add([message("1")])), "it does not come again"


async def test_a_chat_is_forgotten_in_what_waits(any_store: Store) -> None:
    await any_store.arrivals.add([message("1"), message("2", ELSEWHERE)])
    await any_store.outbox.save([reply("a", "1"), reply("b", "2", ELSEWHERE)])
    await any_store.forgetting.chat(replace(CHAT, thread_id=None).place, [])
    assert await waiting(any_store) == ["2"]
    assert [kept.nonce for kept in await any_store.outbox.all()] == ["b"]


async def test_a_turn_is_found_by_its_key(any_store: Store) -> None:
    conversation = await any_store.conversations.current("chat")
    turn = await any_store.conversations.add_question(conversation, Question("k", "telegram:7", "Ann", "?"))
    assert turn is not None
    found = await any_store.conversations.by_key("k")
    assert found is not None
    assert (found.id, found.answer) == (turn, None)
    await any_store.conversations.add_answer(turn, Answer("One", "complete", "a/b", "p"))
    await any_store.conversations.add_answer(turn, Answer("Two", "complete", "a/b", "p"))
    found = await any_store.conversations.by_key("k")
    assert found is not None
    assert found.answer is not None
    assert found.answer.text == "Two"
    assert await any_store.conversations.by_key("other") is None
    await any_store.conversations.drop(turn)
    assert await any_store.conversations.by_key("k") is None
