"""Albums: which message begins one, when it is whole, and what becomes of its words."""

from __future__ import annotations

import asyncio

import pytest

from bot.conversation.albums import MOST, QUIET, REMEMBERED, Album, Albums
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Addressing, Message, Quote

pytestmark = pytest.mark.virtual

CHAT = ChatRef("telegram", "1", "100", "group")
ANN, BEN = Person("telegram", "42", "Ann"), Person("telegram", "43", "Ben")


def part(
    number: int,
    text: str = "",
    addressing: Addressing = "direct",
    *,
    album: str = "a",
    chat: ChatRef = CHAT,
    author: Person = ANN,
    quote: Quote | None = None,
) -> Message:
    """The message `number`, with one file."""
    files = (Attachment("image", f"f{number}"),)
    return Message(
        key=f"k{number}",
        chat=chat,
        author=author,
        message_id=f"m{number}",
        text=text,
        addressing=addressing,
        attachments=files,
        quote=quote,
        album_id=album,
    )


def files(message: Message) -> list[str]:
    return [file.handle for file in message.attachments]


def begun(albums: Albums, message: Message) -> Album:
    album = albums.take(message)
    assert album is not None
    return album


async def test_the_first_message_begins_it_and_the_others_join() -> None:
    albums = Albums()
    album = begun(albums, part(1))
    assert albums.take(part(2)) is None
    assert albums.take(part(3)) is None

    whole = await album.whole()

    assert files(whole) == ["f1", "f2", "f3"]
    assert (whole.key, whole.message_id) == ("k1", "m1")


async def test_it_is_whole_after_some_quiet() -> None:
    album = begun(Albums(), part(1))
    await album.whole()

    assert asyncio.get_running_loop().time() == pytest.approx(QUIET)


async def test_each_message_makes_it_wait_anew() -> None:
    albums = Albums()
    gathering = asyncio.create_task(begun(albums, part(1)).whole())
    for number in (2, 3, 4):
        await asyncio.sleep(QUIET * 0.9)
        assert albums.take(part(number)) is None

    assert files(await gathering) == ["f1", "f2", "f3", "f4"]
    assert asyncio.get_running_loop().time() == pytest.approx(QUIET * 3.7)


async def test_a_full_album_waits_for_nothing() -> None:
    albums = Albums()
    album = begun(albums, part(1))
    for number in range(2, MOST + 1):
        albums.take(part(number))

    assert len(files(await album.whole())) == MOST
    assert asyncio.get_running_loop().time() == 0


async def test_what_comes_too_late_is_a_question_of_its_own() -> None:
    albums = Albums()
    assert files(await begun(albums, part(1)).whole()) == ["f1"]

    late = begun(albums, part(2, "And this?"))
    albums.take(part(3))

    whole = await late.whole()
    assert (files(whole), whole.text, whole.key) == (["f2", "f3"], "And this?", "k2")


async def test_words_may_come_with_any_message() -> None:
    albums = Albums()
    album = begun(albums, part(1))
    albums.take(part(2, "What is this?"))
    albums.take(part(3, "And that?"))

    whole = await album.whole()

    assert whole.text == "What is this?\n\nAnd that?"
    assert (whole.key, whole.message_id) == ("k2", "m2")


async def test_a_quote_may_come_with_any_message() -> None:
    quote = Quote("Ben", "Look!")
    albums = Albums()
    album = begun(albums, part(1, "Words"))
    albums.take(part(2, quote=quote))

    assert (await album.whole()).quote == quote


async def test_in_a_group_it_begins_once_it_turns_to_the_bot() -> None:
    albums = Albums()
    assert albums.take(part(1, addressing="none")) is None
    album = begun(albums, part(2, "@bot what is this?", "mention"))
    assert albums.take(part(3, addressing="none")) is None

    assert files(await album.whole()) == ["f1", "f2", "f3"]


async def test_in_a_group_what_is_not_for_the_bot_is_left_alone() -> None:
    albums = Albums()
    assert [albums.take(part(number, "Look!", "none")) for number in range(5)] == [None] * 5


@pytest.mark.parametrize(
    "other",
    [
        part(2, album="b"),
        part(2, author=BEN),
        part(2, chat=ChatRef("telegram", "1", "200", "group")),
        part(2, chat=ChatRef("discord", "1", "100", "group")),
    ],
)
async def test_albums_are_told_apart(other: Message) -> None:
    albums = Albums()
    one, two = begun(albums, part(1)), begun(albums, other)

    assert files(await one.whole()) == ["f1"]
    assert files(await two.whole()) == ["f2"]


async def test_a_gathering_that_is_cancelled_strands_nobody_and_begins_no_second_answer() -> None:
    albums = Albums()
    gathering = asyncio.create_task(begun(albums, part(1)).whole())
    await asyncio.sleep(QUIET / 2)
    gathering.cancel()
    await asyncio.wait([gathering])

    assert gathering.cancelled()
    assert albums.take(part(2)) is None
    assert files(await begun(albums, part(3, album="b")).whole()) == ["f3"]


async def test_old_albums_are_forgotten() -> None:
    albums = Albums()
    for number in range(REMEMBERED + 50):
        albums.take(part(number, addressing="none", album=str(number)))

    assert len(albums._known) == REMEMBERED
