"""Long pastes: which messages are pieces of one, when it is whole, and what stays a message of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.conversation.pastes import FULL, MOST, QUIET, REMEMBERED, Paste, Pastes
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Addressing, Message, Quote

pytestmark = pytest.mark.virtual

LIMIT = 100
CHAT = ChatRef("telegram", "1", "100", "group")
ANN, BEN = Person("telegram", "42", "Ann"), Person("telegram", "43", "Ben")
LONG = "x" * LIMIT


def piece(number: int, text: str = LONG, addressing: Addressing = "direct") -> Message:
    return Message(key=f"k{number}", chat=CHAT, author=ANN, message_id=f"m{number}", text=text, addressing=addressing)


def begun(pastes: Pastes, message: Message) -> Paste:
    paste = pastes.take(message, LIMIT)
    assert paste is not None
    assert paste.addressed
    return paste


def clock() -> float:
    return asyncio.get_running_loop().time()


async def test_an_ordinary_message_is_whole_at_once() -> None:
    first, second = piece(1, "Hello"), piece(2, "again")
    pastes = Pastes()

    assert await begun(pastes, first).whole() == first
    assert await begun(pastes, second).whole() == second
    assert clock() == 0


async def test_the_pieces_are_one_message_and_a_short_one_ends_it() -> None:
    pastes = Pastes()
    gathering = asyncio.create_task(begun(pastes, piece(1, "a" * LIMIT)).whole())
    for number, letter in ((2, "b"), (3, "c")):
        await asyncio.sleep(QUIET * 0.9)
        assert pastes.take(piece(number, letter * LIMIT, "none"), LIMIT) is None
    await asyncio.sleep(QUIET * 0.9)
    assert pastes.take(piece(4, "the end", "none"), LIMIT) is None

    whole = await gathering
    assert whole.text == "\n".join(["a" * LIMIT, "b" * LIMIT, "c" * LIMIT, "the end"])
    assert (whole.key, whole.message_id, whole.addressing) == ("k1", "m1", "direct")
    assert clock() == pytest.approx(QUIET * 2.7)


async def test_a_long_message_that_nothing_follows_waits_no_longer_than_that() -> None:
    assert (await begun(Pastes(), piece(1)).whole()).text == LONG
    assert clock() == pytest.approx(QUIET)


async def test_what_comes_behind_the_last_piece_stands_for_itself() -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(1))
    assert pastes.take(piece(2, "the end"), LIMIT) is None
    more = begun(pastes, piece(3, "And now?"))

    assert (await paste.whole()).text == f"{LONG}\nthe end"
    assert (await more.whole()).text == "And now?"


async def test_what_comes_too_late_stands_for_itself() -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(1))
    await asyncio.sleep(QUIET * 1.01)
    late = begun(pastes, piece(2, "late"))

    assert ((await paste.whole()).text, (await late.whole()).text) == (LONG, "late")


async def test_what_comes_when_it_was_just_whole_is_not_lost() -> None:
    pastes = Pastes()
    await begun(pastes, piece(1)).whole()
    assert clock() == QUIET

    assert await begun(pastes, piece(2, "late")).whole() == piece(2, "late")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("x" * 95, True),
        ("x" * 94, False),
        ("😀" * 48, True),  # two UTF-16 units each
        ("😀" * 47, False),
    ],
)
async def test_how_long_a_cut_message_is(text: str, full: bool) -> None:
    assert FULL * LIMIT == 95
    await begun(Pastes(), piece(1, text)).whole()
    assert (clock() > 0) == full


@pytest.mark.parametrize(
    "other",
    [
        replace(piece(2, "short"), author=BEN),
        replace(piece(2, "short"), chat=replace(CHAT, chat_id="200")),
        replace(piece(2, "short"), chat=replace(CHAT, thread_id="5")),
        replace(piece(2, "short"), quote=Quote("Ben", "Look!")),
        replace(piece(2, "short"), attachments=(Attachment("image", "f"),)),
    ],
)
async def test_what_is_no_piece_stands_for_itself(other: Message) -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(1))

    assert await begun(pastes, other).whole() == other
    assert pastes.take(piece(3, "the end"), LIMIT) is None
    assert (await paste.whole()).text == f"{LONG}\nthe end"


async def test_the_quote_and_the_files_of_the_first_piece_stay() -> None:
    first = replace(piece(1), quote=Quote("Ben", "Look!"), attachments=(Attachment("document", "f"),))
    pastes = Pastes()
    paste = begun(pastes, first)
    pastes.take(piece(2, "the end", "none"), LIMIT)

    whole = await paste.whole()
    assert (whole.quote, whole.attachments) == (first.quote, first.attachments)


async def test_in_a_group_the_mention_may_stand_at_the_end() -> None:
    pastes = Pastes()
    held = pastes.take(piece(1, addressing="none"), LIMIT)
    assert held is not None
    assert not held.addressed
    await asyncio.sleep(QUIET / 2)
    paste = begun(pastes, piece(2, "what is this?", "mention"))

    whole = await paste.whole()
    assert whole.text == f"{LONG}\nwhat is this?"
    assert (whole.message_id, whole.addressing) == ("m2", "mention")


async def test_in_a_group_long_messages_that_are_not_for_the_bot_are_left_alone() -> None:
    pastes = Pastes()
    for number in range(5):
        paste = pastes.take(piece(number, addressing="none"), LIMIT)
        assert paste is not None
        assert not paste.addressed


async def test_in_a_group_what_was_said_earlier_is_no_part_of_it() -> None:
    pastes = Pastes()
    pastes.take(piece(1, addressing="none"), LIMIT)
    await asyncio.sleep(QUIET * 1.01)

    assert (await begun(pastes, piece(2, "Hello", "mention")).whole()).text == "Hello"


async def test_a_paste_has_an_end() -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(0))
    for number in range(1, MOST):
        assert pastes.take(piece(number), LIMIT) is None

    assert (await paste.whole()).text.count("\n") == MOST - 1
    assert clock() == 0
    assert pastes.take(piece(MOST), LIMIT) is not None


async def test_old_pastes_are_forgotten() -> None:
    pastes = Pastes()
    for number in range(REMEMBERED + 50):
        pastes.take(replace(piece(number), author=replace(ANN, user_id=str(number))), LIMIT)

    assert len(pastes._known) == REMEMBERED


# The four cancellations.


async def test_cancelled_while_it_waits() -> None:
    pastes = Pastes()
    gathering = asyncio.create_task(begun(pastes, piece(1)).whole())
    await asyncio.sleep(QUIET / 2)
    gathering.cancel()
    await asyncio.wait([gathering])

    assert gathering.cancelled()
    assert pastes.take(piece(2, "the end"), LIMIT) is None, "it belongs to a question that was given up"
    assert (await begun(pastes, piece(3, "Hello")).whole()).text == "Hello"


async def test_cancelled_before_the_first_step() -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(1))
    gathering = asyncio.create_task(paste.whole())
    gathering.cancel()
    await asyncio.wait([gathering])

    pastes.take(piece(2, "the end"), LIMIT)
    assert (await paste.whole()).text == f"{LONG}\nthe end"


async def test_cancelled_after_the_end() -> None:
    pastes = Pastes()
    gathering = asyncio.create_task(begun(pastes, piece(1)).whole())
    await asyncio.sleep(QUIET * 2)

    assert not gathering.cancel()
    assert (await gathering).text == LONG


async def test_cancelled_in_a_race_with_the_next_piece() -> None:
    pastes = Pastes()
    paste = begun(pastes, piece(1))
    one, two = asyncio.create_task(paste.whole()), asyncio.create_task(paste.whole())
    await asyncio.sleep(QUIET / 2)
    pastes.take(piece(2, "the end"), LIMIT)
    one.cancel()

    assert (await two).text == f"{LONG}\nthe end"
    await asyncio.wait([one])
