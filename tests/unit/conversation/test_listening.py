"""Which messages are questions, how they begin, and what comes along with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation.listening import Heeded, Listening
from bot.conversation.manners import Manners, Name
from bot.conversation.overheard import Overheard
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Addressing, Heard, Message, Quote
from tests.fakes.memory import MemoryPreferences

pytestmark = pytest.mark.virtual

LIMIT = 100
GROUP = ChatRef("telegram", "1", "-5", "group")
PRIVATE = ChatRef("telegram", "1", "42", "private")
ANN = Person("telegram", "42", "Ann")
LONG = "x" * LIMIT


def said(text: str, addressing: Addressing = "none", *, number: int = 1, chat: ChatRef = GROUP) -> Message:
    return Message(key=f"k{number}", chat=chat, author=ANN, message_id=f"m{number}", text=text, addressing=addressing)


def context(ears: Listening, message: Message) -> tuple[Heard, ...]:
    """What comes along with a question."""
    return ears.with_context(heeded(ears, message).message).context


async def listening(**settings: str) -> Listening:
    manners = Manners(MemoryPreferences())
    names: tuple[Name, ...] = ("reply", "word")
    for name in names:
        if name in settings:
            await manners.put(GROUP, name, settings[name])
    return Listening(manners, Overheard(3))


def heeded(ears: Listening, message: Message) -> Heeded:
    found = ears.heed(message, LIMIT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("Jarvis what now?", "what now?"),
        ("  jarvis,what now?", "what now?"),
        ("JARVIS - what now?", "what now?"),
        ("Jarvis... what now?", "what now?"),
        ("Jarvis!", "Jarvis!"),
        ("Jarvis", "Jarvis"),
        ("Jarvis? Are you there?", "Jarvis? Are you there?"),
        ("Jarvis's idea", "Jarvis's idea"),
        ("Jarvis-based ideas", "Jarvis-based ideas"),
        ("jarvis.com is down", "jarvis.com is down"),
        ("What would Jarvis say?", "What would Jarvis say?"),
        ("(Jarvis)", "(Jarvis)"),
        ("Jarvisville", None),
        ("ajarvis", None),
        ("jarvis_2", None),
        ("Java is", None),
        ("", None),
    ],
)
async def test_the_wake_word(text: str, understood: str | None) -> None:
    ears = await listening(reply="word", word="Jarvis")
    found = ears.heed(said(text), LIMIT)
    assert (None if found is None else found.message.text) == understood
    assert found is None or found.message.addressing == "mention"


async def test_a_wake_word_of_several_words_and_signs() -> None:
    ears = await listening(reply="word", word="Hey C-3PO")
    assert heeded(ears, said("hey c-3po: what now?")).message.text == "what now?"
    assert ears.heed(said("hey c.3po: what now?", number=2), LIMIT) is None


async def test_where_everything_is_for_the_bot() -> None:
    ears = await listening(reply="always")
    assert heeded(ears, said("Just talking")).message.addressing == "mention"
    assert heeded(ears, said("To you", "reply", number=2)).message.addressing == "reply"


async def test_what_is_not_for_the_bot_comes_along_with_the_next_question_once() -> None:
    ears = await listening()
    assert ears.heed(said("One", number=1), LIMIT) is None
    assert ears.heed(said("Two", number=2), LIMIT) is None
    assert context(ears, said("Well?", "mention", number=3)) == (
        Heard("Ann", "One"),
        Heard("Ann", "Two"),
    )
    assert context(ears, said("And?", "mention", number=4)) == ()


async def test_what_is_quoted_or_deleted_does_not_come_along() -> None:
    ears = await listening()
    for number, text in ((1, "Quoted"), (2, "Deleted"), (3, "Kept")):
        ears.heed(said(text, number=number), LIMIT)
    ears.drop(GROUP, ["m2"])
    question = replace(said("Well?", "mention", number=4), quote=Quote("Ann", "Quoted", message_id="m1"))
    assert context(ears, question) == (Heard("Ann", "Kept"),)


async def test_a_private_chat_has_no_context() -> None:
    ears = await listening()
    assert context(ears, said("Hello", "direct", chat=PRIVATE)) == ()


async def test_a_paste_is_heeded_once_with_what_was_said_before() -> None:
    ears = await listening()
    ears.heed(said("Before", number=1), LIMIT)
    first = heeded(ears, said(LONG, "mention", number=2))
    assert ears.heed(said("The end", number=3), LIMIT) is None
    assert ears.with_context(first.message).context == (Heard("Ann", "Before"),)
    assert first.whole is not None
    assert (await first.whole()).text == f"{LONG}\nThe end"
    assert context(ears, said("Next", "mention", number=4)) == (), "a piece is not overheard"


async def test_an_album_is_heeded_once_and_only_if_it_turns_to_the_bot() -> None:
    ears = await listening()

    def photo(number: int, addressing: Addressing, album: str) -> Message:
        words = "Look" if addressing == "mention" else ""
        file = Attachment("image", f"f{number}")
        return replace(said(words, addressing, number=number), album_id=album, attachments=(file,))

    assert ears.heed(photo(1, "none", "a"), LIMIT) is None
    first = heeded(ears, photo(2, "mention", "a"))
    assert ears.heed(photo(3, "none", "a"), LIMIT) is None
    assert first.whole is not None
    assert [file.handle for file in (await first.whole()).attachments] == ["f1", "f2", "f3"]
    assert ears.heed(photo(4, "none", "b"), LIMIT) is None
