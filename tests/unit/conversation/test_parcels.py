"""Messages on their way: their files are fetched from the start, and nobody is left waiting or working for nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator

import pytest

from bot.conversation.accounts import Accounts
from bot.conversation.albums import QUIET, Albums
from bot.conversation.intake import Hearing, Intake
from bot.conversation.material import Material
from bot.conversation.parcels import Parcel
from bot.domain.messages import Quote
from bot.media.workshop import Workshop
from bot.tasks import TaskOwner
from tests.fakes import media
from tests.unit.conversation.parts import EARS, HeldChannel, Web, ears, intake_with, message

pytestmark = pytest.mark.virtual


@pytest.fixture
async def owner() -> AsyncIterator[TaskOwner]:
    """At the end of a test all work has ended by itself."""
    owner = TaskOwner()
    yield owner
    assert await owner.settle(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def intake(workshop: Workshop) -> Intake:
    """Hears the same words in every recording."""
    return intake_with(workshop, ears(*["Heard."] * 20))


def sent(channel: HeldChannel, intake: Intake, key: str = "v", text: str = "") -> Parcel:
    """A message with a voice note that is not let go yet."""
    channel.hold(key)
    return Parcel(message(text, channel.put("voice", key, media.wav(0.1)), key=key), channel, intake)


async def test_files_are_fetched_before_anybody_asks(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    parcel = sent(channel, intake)
    parcel.begin(owner)
    await channel.until_fetching("v")
    channel.hold("v").set()
    assert await owner.settle(1)

    assert await parcel.opened() == (parcel.first, Material(spoken=("Heard.",)))
    assert await parcel.opened() == (parcel.first, Material(spoken=("Heard.",)))


async def test_files_of_the_quoted_message_come_along(
    channel: HeldChannel, workshop: Workshop, owner: TaskOwner
) -> None:
    own, quoted = channel.put("voice", "own", media.wav(0.1)), channel.put("voice", "quoted", media.wav(0.1))
    first = message("What?", own, quote=Quote("Ben", "", attachments=(quoted,)))
    parcel = Parcel(first, channel, intake_with(workshop, ears("Mine.", "Theirs.")))
    parcel.begin(owner)

    _, material = await parcel.opened()
    assert material.spoken == ("Mine.",)
    assert material.documents == ('<recording name="voice">\nTheirs.\n</recording>',)


async def test_an_album_is_opened_once_it_is_whole(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    albums = Albums()
    parts = [
        message("Words" if key == "2" else "", channel.put("voice", key, media.wav(0.1)), key=key, album="a")
        for key in "123"
    ]
    album = albums.take(parts[0])
    assert album is not None
    parcel = Parcel(parts[0], channel, intake, album.whole)
    parcel.begin(owner)
    for part in parts[1:]:
        await asyncio.sleep(QUIET / 2)
        albums.take(part)

    whole, material = await parcel.opened()

    assert (whole.key, whole.text, len(whole.attachments)) == ("2", "Words", 3)
    assert material.spoken == ("Heard.",) * 3
    assert (parcel.chat, parcel.person) == (whole.chat, whole.author)


# Dropped


async def test_dropped_while_files_come(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    parcel, other = sent(channel, intake, "v"), sent(channel, intake, "w")
    parcel.begin(owner)
    other.begin(owner)
    waiting = asyncio.create_task(parcel.opened())
    await channel.until_fetching("v", "w")

    parcel.drop()
    await asyncio.wait([waiting], timeout=1)

    assert waiting.cancelled()
    assert channel.fetching == {"w"}
    channel.hold("w").set()
    assert (await other.opened())[1].usable


async def test_dropped_before_the_first_step_strands_nobody(
    channel: HeldChannel, intake: Intake, owner: TaskOwner
) -> None:
    parcel = sent(channel, intake)
    parcel.begin(owner)
    parcel.drop()

    waiting = asyncio.create_task(parcel.opened())
    await asyncio.wait([waiting], timeout=1)

    assert waiting.cancelled()
    assert channel.most == 0


async def test_dropped_while_an_album_is_gathered(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    albums = Albums()
    first = message("", channel.put("voice", "1", b""), key="1", album="a")
    album = albums.take(first)
    assert album is not None
    parcel = Parcel(first, channel, intake, album.whole)
    parcel.begin(owner)
    await asyncio.sleep(QUIET / 2)
    parcel.drop()
    assert await owner.settle(0.01)

    assert channel.most == 0


async def test_dropped_after_the_end(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    parcel = sent(channel, intake)
    parcel.begin(owner)
    channel.hold("v").set()
    opened = await parcel.opened()
    parcel.drop()

    assert await parcel.opened() == opened


async def test_dropped_in_a_race_with_its_end(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    """Whichever wins, the waiter gets the files or is cancelled."""
    for steps in range(12):
        parcel = sent(channel, intake, f"v{steps}")
        parcel.begin(owner)
        waiting = asyncio.create_task(parcel.opened())
        await channel.until_fetching(f"v{steps}")
        channel.hold(f"v{steps}").set()
        for _ in range(steps):
            await asyncio.sleep(0)
        parcel.drop()
        await asyncio.wait([waiting], timeout=1)

        assert waiting.cancelled() or waiting.result()[1].usable


# The waiter is cancelled


async def test_a_waiter_that_is_cancelled_ends_the_work(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    parcel = sent(channel, intake)
    parcel.begin(owner)
    waiting = asyncio.create_task(parcel.opened())
    await channel.until_fetching("v")

    waiting.cancel()
    await asyncio.wait([waiting])

    assert waiting.cancelled()
    assert await owner.settle(0.01)
    assert channel.fetching == set()


async def test_a_waiter_that_is_cancelled_in_a_race_with_the_end(
    channel: HeldChannel, intake: Intake, owner: TaskOwner, caplog: pytest.LogCaptureFixture
) -> None:
    for steps in range(12):
        parcel = sent(channel, intake, f"v{steps}")
        parcel.begin(owner)
        waiting = asyncio.create_task(parcel.opened())
        await channel.until_fetching(f"v{steps}")
        channel.hold(f"v{steps}").set()
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=1)
        assert await owner.settle(1)

        assert waiting.cancelled() or waiting.result()[1].usable
    assert caplog.text == ""


async def test_a_shutdown_ends_work_and_waiter(channel: HeldChannel, intake: Intake, owner: TaskOwner) -> None:
    parcels = [sent(channel, intake, key) for key in "vw"]
    for parcel in parcels:
        parcel.begin(owner)
    waiting = [asyncio.create_task(parcel.opened()) for parcel in parcels]
    await channel.until_fetching("v", "w")
    late = sent(channel, intake, "x")
    late.begin(owner)
    waiting.append(asyncio.create_task(late.opened()))

    await owner.close()
    await asyncio.wait(waiting, timeout=1)

    assert [each.cancelled() for each in waiting] == [True] * 3
    assert channel.fetching == set()


# It fails


def failing(workshop: Workshop) -> Intake:
    async def side(*_: object) -> int:
        raise ValueError("on purpose")

    accounts = Accounts(lambda _: False)
    return Intake(workshop, Web(), ears(), Hearing(EARS), accounts, side=side, document_tokens=100)


async def test_a_failure_is_the_waiters(channel: HeldChannel, workshop: Workshop, owner: TaskOwner) -> None:
    parcel = sent(channel, failing(workshop))
    parcel.begin(owner)

    for _ in range(2):
        with pytest.raises(ValueError, match="on purpose"):
            await parcel.opened()


async def test_a_failure_that_nobody_waits_for_is_quiet(
    channel: HeldChannel, workshop: Workshop, owner: TaskOwner, caplog: pytest.LogCaptureFixture
) -> None:
    parcel = sent(channel, failing(workshop))
    with caplog.at_level(logging.ERROR):
        parcel.begin(owner)
        assert await owner.settle(1)
        del parcel
        gc.collect()

    assert caplog.text == ""
