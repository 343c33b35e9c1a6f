"""The tool that makes pictures: what a model is told of calls that it should not have made."""

from __future__ import annotations

import json

import pytest

from bot.conversation.course import Course
from bot.conversation.painting import Painter
from bot.conversation.picture_tool import PictureTool
from bot.domain.conversations import Question
from bot.domain.media import ImageAbilities, ImageRequest, Painted
from bot.domain.prompts import ToolCall
from bot.media.workshop import Workshop
from bot.replies.gate import Gates
from bot.replies.writer import Reply
from tests.fakes import media
from tests.fakes.memory import MemoryModels, MemoryStore
from tests.unit.conversation.parts import ACCOUNT, ANN, CHAT, HeldChannel

MADE = "The picture is made and shown to the person."


class Bench:
    """The tool in a turn whose model asks for pictures."""

    def __init__(self, workshop: Workshop, channel: HeldChannel, turn: int, store: MemoryStore) -> None:
        self.models, self.store, self.channel = MemoryModels([]), store, channel
        painter = Painter(self.models, workshop, "acme/brush", lambda model: ImageAbilities())
        self.course = Course(CHAT, ANN, channel, ACCOUNT, Reply(channel, Gates(), nonce="n"), turn=turn)
        self.tool = PictureTool(painter, store, Gates(), self.course)

    async def call(self, arguments: object, name: str = "make_picture") -> str:
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        return await self.tool.use(ToolCall("c", name, written))

    def paints(self, *pictures: bytes) -> None:
        self.models.paintings += [[Painted(data=data)] for data in pictures]

    def given(self) -> list[tuple[int, int]]:
        """The sizes of the pictures that the last request is to change."""
        request = self.models.requests[-1]
        assert isinstance(request, ImageRequest)
        return [(each.width, each.height) for each in request.pictures]


@pytest.fixture
async def bench(workshop: Workshop, channel: HeldChannel) -> Bench:
    store = MemoryStore()
    turn = await store.conversations.add_question(
        await store.conversations.current(CHAT.key), Question("k", ANN.handle, ANN.name, "Draw")
    )
    assert turn is not None
    return Bench(workshop, channel, turn, store)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"prompt": "a cat"}, "paint"),
        ({}, "make_picture"),
        ({"prompt": " "}, "make_picture"),
        ({"prompt": 7}, "make_picture"),
        (["a cat"], "make_picture"),
        ('{"prompt": "a c', "make_picture"),
        ("", "make_picture"),
    ],
)
async def test_calls_that_make_no_sense_are_corrected(bench: Bench, arguments: object, name: str) -> None:
    assert await bench.call(arguments, name) == "Error: call make_picture with a prompt."
    assert bench.models.requests == []


async def test_a_picture_is_changed_that_the_same_answer_made(bench: Bench) -> None:
    bench.paints(media.png(20, 10), media.png(30, 10))

    assert await bench.call({"prompt": "a cat"}) == MADE
    assert await bench.call({"prompt": "blue", "change": True}) == MADE
    assert bench.given() == [(20, 10)]
    assert [ref.width for ref in bench.course.outcome.pictures] == [20, 30]
    assert len(bench.channel.messages) == 2


@pytest.mark.parametrize("change", [None, False, "yes", 1])
async def test_without_a_clear_wish_nothing_is_changed(bench: Bench, change: object) -> None:
    bench.paints(media.png(20, 10), media.png(30, 10))
    await bench.call({"prompt": "a cat"})
    await bench.call({"prompt": "a dog", "change": change})

    assert bench.given() == []


async def test_without_a_picture_there_is_nothing_to_change(bench: Bench) -> None:
    assert await bench.call({"prompt": "blue", "change": True}) == (
        "Error: there is no picture to change any more; describe a new one in full."
    )
    assert bench.models.requests == []
    assert bench.channel.messages == {}


async def test_an_answer_has_room_for_four(bench: Bench) -> None:
    bench.paints(*[media.png()] * 5)
    told = [await bench.call({"prompt": "a cat"}) for _ in range(5)]

    assert told == [*[MADE] * 4, "Error: no more pictures in this answer."]
