"""Pastes among other messages: whatever comes when, each piece is answered once, in order, and with its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.pastes import QUIET, Paste, Pastes
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message, Quote
from tests.fakes.loops import VirtualLoop

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "200"))
"""How many runs each property is tried on."""

LIMIT = 20
CHAT = ChatRef("telegram", "1", "100", "group")
PEOPLE = (Person("telegram", "42", "Ann"), Person("telegram", "43", "Ben"))


@dataclass(frozen=True)
class Arrival:
    """A message that comes `after` seconds; its text tells which one it is."""

    after: float
    author: int
    long: bool
    addressed: bool
    apart: str = ""

    def message(self, number: int) -> Message:
        word = f"#{number}"
        return Message(
            key=f"k{number}",
            chat=CHAT,
            author=PEOPLE[self.author],
            message_id=f"m{number}",
            text=word.ljust(LIMIT, "x") if self.long else word,
            addressing="mention" if self.addressed else "none",
            attachments=(Attachment("image", "f"),) if self.apart == "file" else (),
            quote=Quote("Ben", "Look!") if self.apart == "quote" else None,
        )


@dataclass
class Desk:
    """Takes messages as the router does, and keeps what is answered."""

    pastes: Pastes = field(default_factory=Pastes)
    answered: list[tuple[int, Message]] = field(default_factory=list)

    async def receive(self, arrivals: list[Arrival]) -> None:
        async with asyncio.TaskGroup() as group:
            for number, arrival in enumerate(arrivals):
                if arrival.after:
                    await asyncio.sleep(arrival.after)
                paste = self.pastes.take(arrival.message(number), LIMIT)
                if paste is not None and paste.addressed:
                    group.create_task(self._answer(number, paste))

    async def _answer(self, number: int, paste: Paste) -> None:
        self.answered.append((number, await paste.whole()))


def numbers(message: Message) -> list[int]:
    return [int(line.rstrip("x").removeprefix("#")) for line in message.text.split("\n")]


def answers(arrivals: list[Arrival]) -> list[list[int]]:
    """The numbers of the messages that were answered together; checks that they are of one person and in order."""
    desk = Desk()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(desk.receive(arrivals))
    for _, message in desk.answered:
        found = numbers(message)
        assert found == sorted(found)
        assert {PEOPLE[arrivals[number].author] for number in found} == {message.author}
        assert int(message.key[1:]) in found
        assert message.addressing == "mention"
    return [numbers(message) for _, message in desk.answered]


def arrivals_with(addressed: st.SearchStrategy[bool], *pauses: float) -> st.SearchStrategy[list[Arrival]]:
    arrival = st.builds(
        Arrival,
        st.sampled_from([0.0, *pauses]),
        st.sampled_from([0, 0, 0, 1]),
        st.booleans(),
        addressed,
        st.sampled_from(["", "", "", "file", "quote"]),
    )
    return st.lists(arrival, max_size=25)


@settings(max_examples=EXAMPLES, deadline=None)
@given(arrivals_with(st.just(True), QUIET / 4, QUIET * 0.9, QUIET, QUIET * 1.1))
def test_no_piece_is_lost_and_none_comes_twice(arrivals: list[Arrival]) -> None:
    found = [number for answer in answers(arrivals) for number in answer]
    assert sorted(found) == list(range(len(arrivals)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(arrivals_with(st.booleans(), QUIET / 4, QUIET * 1.1))
def test_in_a_group_nothing_for_the_bot_is_lost(arrivals: list[Arrival]) -> None:
    answered = answers(arrivals)
    found = [number for answer in answered for number in answer]
    assert len(found) == len(set(found))
    assert {number for number, each in enumerate(arrivals) if each.addressed} <= set(found)
    for answer in answered:
        assert any(arrivals[number].addressed for number in answer)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(1, 8), st.sampled_from([0.0, QUIET / 3, QUIET * 0.95]), st.data())
def test_a_paste_is_answered_as_one(long: int, pause: float, data: st.DataObject) -> None:
    """Whichever of its pieces turns to the bot, and whatever somebody else says meanwhile."""
    mention = data.draw(st.integers(0, long))
    pieces = [Arrival(pause, 0, number < long, number == mention) for number in range(long + 1)]
    place = data.draw(st.integers(0, len(pieces)))
    arrivals = [*pieces[:place], Arrival(0.0, 1, long=False, addressed=True), *pieces[place:]]

    own = [number for number, each in enumerate(arrivals) if each.author == 0]
    assert sorted(answers(arrivals)) == sorted([[place], own])
