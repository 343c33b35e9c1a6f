"""What was said to others is told once, to the place where it was said, and never kept for long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation.overheard import LONGEST, REMEMBERED, Overheard
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Heard, Message

CHAT = ChatRef("discord", "1", "42", "group", server_id="9")
THREAD = replace(CHAT, thread_id="43")
ANN, BEN = Person("discord", "7", "Ann"), Person("discord", "8", "Ben")


def said(text: str, author: Person = ANN, chat: ChatRef = CHAT, message_id: str = "m") -> Message:
    return Message(key="k", chat=chat, author=author, message_id=message_id, text=text, addressing="none")


def hearing(*messages: Message, most: int = 3) -> Overheard:
    overheard = Overheard(most)
    for message in messages:
        overheard.hear(message)
    return overheard


def test_it_is_told_once_oldest_first() -> None:
    overheard = hearing(said("Hi", ANN), said("Hello", BEN))

    assert overheard.take(CHAT) == (Heard("Ann", "Hi"), Heard("Ben", "Hello"))
    assert overheard.take(CHAT) == ()
    overheard.hear(said("More"))
    assert overheard.take(CHAT) == (Heard("Ann", "More"),)


def test_only_the_last_are_kept() -> None:
    overheard = hearing(*(said(str(number)) for number in range(10)))
    assert [heard.text for heard in overheard.take(CHAT)] == ["7", "8", "9"]


def test_nothing_is_kept_where_nothing_is_wanted() -> None:
    assert hearing(said("Hi"), most=0).take(CHAT) == ()


@pytest.mark.parametrize("text", ["", "  \n"])
def test_without_words_there_is_nothing_to_hear(text: str) -> None:
    assert hearing(said(text)).take(CHAT) == ()


def test_long_messages_are_cut() -> None:
    heard = hearing(said("x" * LONGEST), said("y" * (LONGEST + 1))).take(CHAT)
    assert [each.text for each in heard] == ["x" * LONGEST, "y" * (LONGEST - 1) + "…"]


def test_places_are_told_apart_but_not_the_conversations_held_there() -> None:
    overheard = hearing(said("in the chat"), said("in the thread", chat=THREAD))

    assert overheard.take(replace(THREAD, joined=True)) == (Heard("Ann", "in the thread"),)
    assert overheard.take(replace(CHAT, owner="7")) == (Heard("Ann", "in the chat"),)


def test_deleted_messages_are_not_told() -> None:
    overheard = hearing(said("one", message_id="1"), said("two", message_id="2"), said("three", message_id="3"))
    overheard.drop(CHAT, ("1", "3", "9"))
    overheard.drop(THREAD, ("2",))
    overheard.hear(said("four"))

    assert [heard.text for heard in overheard.take(CHAT)] == ["two", "four"]


def test_a_place_is_forgotten_with_its_threads() -> None:
    other = replace(CHAT, chat_id="421")
    overheard = hearing(said("a"), said("b", chat=THREAD), said("c", chat=other))
    overheard.forget(CHAT.place)

    assert (overheard.take(CHAT), overheard.take(THREAD), overheard.take(other)) == ((), (), (Heard("Ann", "c"),))


def test_a_person_is_forgotten_everywhere() -> None:
    overheard = hearing(said("a", ANN), said("b", BEN), said("c", ANN, chat=THREAD), said("d", BEN))
    overheard.forget_person(ANN.handle)
    for number in range(2):
        overheard.hear(said(str(number), BEN))

    assert [heard.text for heard in overheard.take(CHAT)] == ["d", "0", "1"], "still no more than wanted"
    assert overheard.take(THREAD) == ()


def test_old_places_are_forgotten() -> None:
    overheard = hearing(*(said("x", chat=replace(CHAT, chat_id=str(number))) for number in range(REMEMBERED + 5)))

    assert len(overheard._places) == REMEMBERED
    assert overheard.take(replace(CHAT, chat_id="0")) == ()
