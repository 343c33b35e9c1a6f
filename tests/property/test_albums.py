"""Albums among other messages: in whatever order they come, each file is answered once and with its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.albums import QUIET, Album, Albums
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from tests.fakes.loops import VirtualLoop

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "200"))
"""How many runs each property is tried on."""

CHAT = ChatRef("telegram", "1", "100", "group")
PEOPLE = (Person("telegram", "42", "Ann"), Person("telegram", "43", "Ben"))


@dataclass(frozen=True)
class Arrival:
    """A message that comes `after` seconds; `album` is None for one that stands alone."""

    after: float
    album: str | None
    author: int
    addressed: bool
    text: str

    def message(self, number: int) -> Message:
        return Message(
            key=f"k{number}",
            chat=CHAT,
            author=PEOPLE[self.author],
            message_id=f"m{number}",
            text=self.text,
            addressing="mention" if self.addressed else "none",
            attachments=(Attachment("image", f"f{number}"),),
            album_id=self.album,
        )


@dataclass
class Desk:
    """Takes messages as the router does, and keeps what is answered."""

    albums: Albums = field(default_factory=Albums)
    answered: list[Message] = field(default_factory=list)

    async def receive(self, arrivals: list[Arrival]) -> None:
        async with asyncio.TaskGroup() as group:
            for number, arrival in enumerate(arrivals):
                if arrival.after:
                    await asyncio.sleep(arrival.after)
                message = arrival.message(number)
                if message.album_id is None:
                    if arrival.addressed:
                        self.answered.append(message)
                elif (album := self.albums.take(message)) is not None:
                    group.create_task(self._answer(album))

    async def _answer(self, album: Album) -> None:
        self.answered.append(await album.whole())


def answered(arrivals: list[Arrival]) -> list[Message]:
    desk = Desk()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(desk.receive(arrivals))
    return desk.answered


def arrivals_with(addressed: st.SearchStrategy[bool], *pauses: float) -> st.SearchStrategy[list[Arrival]]:
    arrival = st.builds(
        Arrival,
        st.sampled_from([0.0, *pauses]),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from([0, 0, 0, 1]),
        addressed,
        st.sampled_from(["", "", "words"]),
    )
    return st.lists(arrival, max_size=25)


def check_kinship(messages: list[Message], arrivals: list[Arrival]) -> None:
    """No answer mixes albums or people, loses words, or puts files out of their order."""
    for message in messages:
        numbers = [int(file.handle[1:]) for file in message.attachments]
        parts = [arrivals[number] for number in numbers]
        assert numbers == sorted(numbers)
        assert {(part.album, PEOPLE[part.author]) for part in parts} == {(message.album_id, message.author)}
        assert message.text.split() == [part.text for part in parts if part.text]
        assert int(message.key[1:]) in numbers


@settings(max_examples=EXAMPLES, deadline=None)
@given(arrivals_with(st.just(True), QUIET / 4, QUIET * 0.9, QUIET * 1.1, QUIET * 3))
def test_what_is_for_the_bot_is_answered_once(arrivals: list[Arrival]) -> None:
    messages = answered(arrivals)

    handles = [file.handle for message in messages for file in message.attachments]
    assert sorted(handles) == sorted(f"f{number}" for number in range(len(arrivals)))
    check_kinship(messages, arrivals)


@settings(max_examples=EXAMPLES, deadline=None)
@given(arrivals_with(st.booleans(), QUIET / 4, QUIET * 1.1))
def test_in_a_group_nothing_for_the_bot_is_lost_and_nothing_comes_twice(arrivals: list[Arrival]) -> None:
    messages = answered(arrivals)

    handles = [file.handle for message in messages for file in message.attachments]
    assert len(handles) == len(set(handles))
    assert {f"f{number}" for number, each in enumerate(arrivals) if each.addressed} <= set(handles)
    check_kinship(messages, arrivals)
    for message in messages:
        assert any(arrivals[int(file.handle[1:])].addressed for file in message.attachments)


@settings(max_examples=EXAMPLES, deadline=None)
@given(arrivals_with(st.booleans(), QUIET / 40))
def test_an_album_that_comes_without_a_pause_is_answered_as_one(arrivals: list[Arrival]) -> None:
    """Whichever of its messages turns to the bot, before, among or behind the others."""
    messages = answered(arrivals[:10])

    for album in ("a", "b"):
        for author, person in enumerate(PEOPLE):
            parts = [
                number for number, each in enumerate(arrivals[:10]) if (each.album, each.author) == (album, author)
            ]
            found = [each for each in messages if (each.album_id, each.author) == (album, person)]
            if any(arrivals[number].addressed for number in parts):
                assert [[file.handle for file in each.attachments] for each in found] == [[f"f{n}" for n in parts]]
            else:
                assert found == []
