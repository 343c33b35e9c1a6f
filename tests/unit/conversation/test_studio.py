"""Pictures as turns: what is stored and shown of an order, however it ends, and what can be done with it later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.conversation.painting import Order, Painter
from bot.conversation.running import Running
from bot.conversation.studio import IN_MORE_DETAIL, Studio, made_text
from bot.domain.conversations import Turn
from bot.domain.ids import ChatRef
from bot.domain.media import ImageAbilities, ImageEvent, ImageRequest, Painted, Sketched
from bot.domain.messages import CommandCall, Quote
from bot.domain.platform import Outgoing
from bot.errors import ContentFiltered, FileRefused, ModelError, UsageError
from bot.media.workshop import Workshop
from bot.replies.gate import Gates
from bot.replies.speaker import Speaker
from tests.fakes import media
from tests.fakes.memory import MemoryStore
from tests.unit.conversation.parts import ACCOUNTS, ANN, CHAT, HeldChannel, intake_with

BRUSH = "acme/brush"
ABLE = ImageAbilities(("64x48", "48x64"), ("low", "high"), inputs=2, larger=("640x480",))
SMALL, LATER = media.png(64, 48), media.png(48, 64)


@dataclass(slots=True)
class Brush:
    """Paints what is scripted. An event is waited for, and `reached` set before that; other errors are raised too."""

    scripts: list[Sequence[ImageEvent | Exception | asyncio.Event]] = field(default_factory=list)
    requests: list[ImageRequest] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0

    async def paint(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        self.requests.append(request)
        try:
            for each in self.scripts.pop(0):
                if isinstance(each, Exception):
                    raise each
                if isinstance(each, asyncio.Event):
                    self.reached.set()
                    await each.wait()
                else:
                    yield each
        finally:
            self.closed += 1


@dataclass(slots=True)
class PicturelessChannel(HeldChannel):
    """A chat that takes no files."""

    async def send(self, message: Outgoing) -> str:
        if message.files:
            raise FileRefused
        return await HeldChannel.send(self, message)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        if message.files:
            raise FileRefused
        await HeldChannel.edit(self, message_id, message)


class Atelier:
    """A studio and what is around it."""

    def __init__(self, workshop: Workshop, channel: HeldChannel, *, paints: bool = True) -> None:
        self.brush, self.store, self.running = Brush(), MemoryStore(), Running()
        self.channel = channel
        gates = Gates()
        painter = Painter(self.brush, workshop, BRUSH, lambda model: ABLE) if paints else None
        self.studio = Studio(self.store, gates, Speaker(gates), self.running, intake_with(workshop), ACCOUNTS, painter)

    async def imagine(
        self, prompt: str = "a cat", *script: ImageEvent | Exception | asyncio.Event, **more: Any
    ) -> None:
        """Order a picture; the script is one finished picture unless another is given."""
        self.brush.scripts.append(script or [Painted(data=SMALL)])
        await self.studio.imagine(command(self.channel.chat, **more), self.channel, prompt, None, None, 1)

    def turn(self, number: int = 1) -> Turn:
        return self.store.conversations.turns[number]

    @property
    def shown(self) -> Outgoing:
        """The last message."""
        return list(self.channel.messages.values())[-1]

    @property
    def buttons(self) -> list[str]:
        """What each does with which turn; which picture is left out."""
        return [" ".join(button.data.split()[:2]) for button in self.shown.buttons]


def command(chat: ChatRef = CHAT, key: str = "k", **more: Any) -> CommandCall:
    return CommandCall(key=key, chat=chat, author=ANN, call="/imagine", message_id="m1", **more)


@pytest.fixture
def atelier(workshop: Workshop, channel: HeldChannel) -> Atelier:
    return Atelier(workshop, channel)


# An order


async def test_an_order_becomes_a_turn(atelier: Atelier) -> None:
    await atelier.imagine("a *cat*", Sketched(data=media.png(8, 8)), Painted(data=SMALL))

    turn = atelier.turn()
    assert (turn.question.text, turn.question.message_id, turn.question.pictures) == ("/imagine a *cat*", "m1", ())
    assert turn.answer is not None
    assert (turn.answer.text, turn.answer.state, turn.answer.model) == (made_text("a *cat*", 1), "complete", BRUSH)
    assert turn.answer.message_ids == ("1",)
    (made,) = turn.answer.pictures
    assert (made.width, made.height) == (64, 48)
    assert made.digest in await atelier.store.pictures.load(CHAT.key, [made.digest])
    assert atelier.shown.source == r"a \*cat\*"
    assert [file.data for file in atelier.shown.files] == [SMALL]
    assert atelier.buttons == ["retry 1", "change 1", "larger 1"]
    assert atelier.brush.closed == 1


async def test_an_order_that_comes_again_is_carried_out_once(atelier: Atelier) -> None:
    await atelier.imagine()
    await atelier.imagine()

    assert len(atelier.brush.requests) == 1
    assert len(atelier.channel.messages) == 1


async def test_pictures_that_come_along_are_changed(atelier: Atelier) -> None:
    own = atelier.channel.put("image", "own", media.png(20, 10))
    quoted = atelier.channel.put("document", "quoted", media.jpeg(10, 20), "b.jpg")
    voice = atelier.channel.put("voice", "v", media.ogg())
    await atelier.imagine("blue", attachments=(own,), quote=Quote("Ben", "", attachments=(voice, quoted)))

    (request,) = atelier.brush.requests
    assert [(each.width, each.height) for each in request.pictures] == [(20, 10), (10, 20)]
    refs = atelier.turn().question.pictures
    assert refs == tuple(each.ref for each in request.pictures)
    assert len(await atelier.store.pictures.load(CHAT.key, [ref.digest for ref in refs])) == 2


async def test_a_file_that_is_no_picture_is_said_before_anything_is_stored(atelier: Atelier) -> None:
    bad = atelier.channel.put("document", "x", b"PK\x03\x04", "a.zip")
    with pytest.raises(UsageError) as caught:
        await atelier.imagine(attachments=(bad,))

    assert caught.value.sentence.startswith("I cannot open `a.zip`.")
    assert atelier.store.conversations.turns == {}
    assert atelier.brush.requests == []


# How it ends


async def test_somebody_stops_it(atelier: Atelier) -> None:
    painting = asyncio.create_task(atelier.imagine("a cat", Sketched(data=SMALL), asyncio.Event()))
    await atelier.brush.reached.wait()
    assert atelier.running.stop(CHAT, 1)
    await painting

    answer = atelier.turn().answer
    assert answer is not None
    assert (answer.state, answer.text, answer.pictures) == ("stopped", "", ())
    assert atelier.shown.source == "Stopped."
    assert atelier.buttons == ["retry 1"]
    assert atelier.brush.closed == 1


async def test_a_shutdown_says_so_and_leaves_nothing_running(atelier: Atelier) -> None:
    painting = asyncio.create_task(atelier.imagine("a cat", asyncio.Event()))
    await atelier.brush.reached.wait()
    painting.cancel()
    with suppress(asyncio.CancelledError):
        await painting

    assert painting.cancelled()
    answer = atelier.turn().answer
    assert answer is not None
    assert (answer.state, answer.message_ids) == ("incomplete", ("1",))
    assert "was restarted" in atelier.shown.source
    assert atelier.buttons == ["retry 1"]
    assert atelier.brush.closed == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ContentFiltered(BRUSH, "no cats"), "`acme/brush` refused to make this picture. The provider says: no cats."),
        (ValueError("on purpose"), "Something went wrong on the bot's side."),
    ],
)
async def test_what_goes_wrong_is_one_sentence(
    atelier: Atelier, error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await atelier.imagine("a cat", error)

    answer = atelier.turn().answer
    assert answer is not None
    assert answer.state == "failed"
    assert atelier.shown.source.startswith(said)
    assert atelier.buttons == ["retry 1"]
    assert ("on purpose" in caplog.text) == (not isinstance(error, ModelError))


async def test_a_chat_that_takes_no_pictures_hears_that_one_is_made(workshop: Workshop) -> None:
    atelier = Atelier(workshop, PicturelessChannel(CHAT))
    await atelier.imagine()

    assert atelier.shown.source == "The picture is made, but it could not be shown here."
    answer = atelier.turn().answer
    assert answer is not None
    assert (answer.state, len(answer.pictures)) == ("complete", 1)


# Later


async def test_it_is_made_again_with_the_same_pictures(atelier: Atelier) -> None:
    own = atelier.channel.put("image", "own", media.png(20, 10))
    await atelier.imagine("blue", attachments=(own,))
    atelier.brush.scripts.append([Painted(data=LATER)])
    order = Order.read(atelier.turn().question.text)
    assert order is not None
    await atelier.studio.again(atelier.turn(), order, CHAT, ANN, atelier.channel)

    first, second = atelier.brush.requests
    assert first == second
    assert len(atelier.store.conversations.turns) == 1
    answer = atelier.turn().answer
    assert answer is not None
    assert [(ref.width, ref.height) for ref in answer.pictures] == [(48, 64)]


async def test_its_picture_is_changed_in_a_turn_of_its_own(atelier: Atelier) -> None:
    atelier.brush.scripts.append([Painted(data=SMALL)])
    await atelier.studio.imagine(command(), atelier.channel, "a cat", "64x48", "high", 1)
    atelier.brush.scripts.append([Painted(data=LATER)])
    await atelier.studio.change("k2", atelier.turn(), "", "blue", CHAT, ANN, atelier.channel)

    request = atelier.brush.requests[-1]
    made = atelier.turn().answer
    assert made is not None
    assert (request.prompt, request.size, request.quality, request.count) == ("blue", "64x48", "high", 1)
    assert tuple(each.ref for each in request.pictures) == made.pictures
    assert atelier.turn(3).question.text == "/imagine size=64x48 quality=high blue"
    assert atelier.turn(3).question.pictures == made.pictures
    assert atelier.buttons == ["retry 3", "change 3"], "no larger size has these proportions"


async def test_it_is_made_larger_once(atelier: Atelier) -> None:
    await atelier.imagine()
    atelier.brush.scripts.append([Painted(data=media.png(640, 480))])
    await atelier.studio.larger("k2", atelier.turn(), "", CHAT, ANN, atelier.channel)

    request = atelier.brush.requests[-1]
    assert (request.prompt, request.size) == (IN_MORE_DETAIL, "640x480")
    assert atelier.buttons == ["retry 3", "change 3"]


async def test_a_picture_that_comes_twice_goes_twice(atelier: Atelier) -> None:
    await atelier.imagine("cats", Painted(data=SMALL), Painted(data=SMALL))
    atelier.brush.scripts.append([Painted(data=SMALL)])
    await atelier.studio.change("k2", atelier.turn(), "", "blue", CHAT, ANN, atelier.channel)

    assert len(atelier.brush.requests[-1].pictures) == 2


async def test_pictures_that_are_not_kept_any_more_are_told(atelier: Atelier) -> None:
    own = atelier.channel.put("image", "own", media.png(20, 10))
    await atelier.imagine("blue", attachments=(own,))
    atelier.store.pictures.chats.clear()
    turn, order = atelier.turn(), Order("blue")

    for act in (
        atelier.studio.again(turn, order, CHAT, ANN, atelier.channel),
        atelier.studio.change("k2", turn, "", "red", CHAT, ANN, atelier.channel),
        atelier.studio.larger("k3", turn, "", CHAT, ANN, atelier.channel),
    ):
        with pytest.raises(UsageError, match="not stored any more"):
            await act
    assert len(atelier.brush.requests) == 1
    assert len(atelier.store.conversations.turns) == 1


async def test_a_turn_without_pictures_has_none_to_change(atelier: Atelier) -> None:
    await atelier.imagine("a cat", ContentFiltered(BRUSH))

    with pytest.raises(UsageError, match="not stored any more"):
        await atelier.studio.change("k2", atelier.turn(), "", "red", CHAT, ANN, atelier.channel)


async def test_without_a_model_nothing_is_made(workshop: Workshop, channel: HeldChannel, atelier: Atelier) -> None:
    await atelier.imagine()
    turn, closed = atelier.turn(), Atelier(workshop, channel, paints=False)

    for act in (
        closed.imagine(),
        closed.studio.again(turn, Order("x"), CHAT, ANN, channel),
        closed.studio.change("k2", turn, "", "red", CHAT, ANN, channel),
        closed.studio.larger("k3", turn, "", CHAT, ANN, channel),
    ):
        with pytest.raises(UsageError, match="IMAGE_MODEL"):
            await act
    assert closed.store.conversations.turns == {}
