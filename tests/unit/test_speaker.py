"""What the bot says itself, on a simulated channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.platform import Button, FileKind, Limits, Outgoing, OutgoingFile
from bot.errors import OthersWouldSee
from bot.replies import notices
from bot.replies.gate import Gates
from bot.replies.speaker import Speaker
from tests.fakes.channel import LIMITS, Platform, SimulatedChannel

pytestmark = pytest.mark.virtual

SMALL = replace(LIMITS, text=200, caption=30)
APART = replace(SMALL, album_apart=True)
AGAIN = Button("Again", "again 1")
REPORT = OutgoingFile("document", "report.md", "text/markdown", b"# Report")
CHART = OutgoingFile("image", "chart.png", "image/png", b"chart")
LONG = "More words than a caption holds, here."


def channel_with(limits: Limits = SMALL, refuses: frozenset[FileKind] = frozenset()) -> SimulatedChannel:
    channel = SimulatedChannel(Platform(), limits=limits, refuses=refuses)
    channel.screen["old"], channel.buttons["old"], channel.files["old"] = "Older words.", ("press 0",), ()
    return channel


def shown(channel: SimulatedChannel) -> list[tuple[str, tuple[OutgoingFile, ...], tuple[str, ...]]]:
    """What stands below the old message."""
    ids = [message_id for message_id in channel.screen if message_id != "old"]
    return [(channel.screen[each], channel.files[each], channel.buttons[each]) for each in ids]


async def test_a_text_is_said() -> None:
    channel = channel_with()
    assert await Speaker(Gates()).say(channel, "Done.", buttons=(AGAIN,)) == ("1",)
    assert shown(channel) == [("Done.", (), ("again 1",))]


async def test_a_file_has_the_text_as_its_caption() -> None:
    channel = channel_with()
    assert await Speaker(Gates()).say(channel, "Your report.", buttons=(AGAIN,), files=(REPORT,)) == ("1",)
    assert shown(channel) == [("Your report.", (REPORT,), ("again 1",))]


async def test_a_text_that_is_no_caption_stands_above_the_file() -> None:
    channel = channel_with()
    assert await Speaker(Gates()).say(channel, LONG, buttons=(AGAIN,), files=(REPORT,)) == ("1", "2")
    assert shown(channel) == [(LONG, (), ()), ("", (REPORT,), ("again 1",))]


async def test_what_is_said_in_place_is_above_its_files() -> None:
    channel = channel_with()
    said = await Speaker(Gates()).say(channel, "A chart.", buttons=(AGAIN,), files=(CHART,), takes=("old",))
    assert said == ("old", "1")
    assert channel.screen["old"] == "A chart."
    assert channel.buttons["old"] == ()
    assert shown(channel) == [("", (CHART,), ("again 1",))]


async def test_a_text_takes_the_place_of_a_message() -> None:
    channel = channel_with()
    assert await Speaker(Gates()).say(channel, "Done.", takes=("old",)) == ("old",)
    assert channel.screen == {"old": "Done."}
    assert channel.buttons == {"old": ()}


async def test_where_an_album_carries_no_buttons_the_text_does() -> None:
    channel = channel_with(APART)
    charts = (CHART, replace(CHART, data=b"another"))
    assert len(await Speaker(Gates()).say(channel, LONG, buttons=(AGAIN,), files=charts)) == 2
    assert shown(channel) == [(LONG, (), ("again 1",)), ("", charts, ())]


@pytest.mark.parametrize(("text", "buttons"), [("Your report.", ()), (LONG, ("again 1",))], ids=["caption", "above"])
async def test_a_file_that_is_not_taken_is_told_of(text: str, buttons: tuple[str, ...]) -> None:
    channel = channel_with(refuses=frozenset({"document"}))
    said = await Speaker(Gates()).say(channel, text, buttons=(AGAIN,), files=(REPORT,), private=True)
    assert len(said) == 2
    [first, last] = shown(channel)
    assert first == (text, (), () if buttons else ("again 1",))
    assert last == (notices.FILE_NOT_SHOWN.say(), (), buttons)


class Overdue(SimulatedChannel):
    """Nothing can be shown to one person alone any more."""

    async def send(self, message: Outgoing) -> str:
        if message.private:
            raise OthersWouldSee
        return await super().send(message)


@pytest.mark.parametrize("text", ["12 tokens", LONG])
@pytest.mark.parametrize("files", [(), (CHART,)])
async def test_what_is_for_one_person_alone_is_never_said_to_others(text: str, files: tuple[OutgoingFile, ...]) -> None:
    channel = Overdue(Platform(), limits=SMALL)
    assert await Speaker(Gates()).say(channel, text, buttons=(AGAIN,), private=True, files=files) == ("1",)
    assert shown(channel) == [(notices.TOO_LATE_ALONE.say(), (), ())]
