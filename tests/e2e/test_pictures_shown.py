"""Pictures on their way to the screen: platforms that do not take them, or that ask to wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.discord_side import DiscordSide
from tests.e2e.painting import DONE, OLD_PAINTER, PAINTER, SMALL, growing, imagine, labels
from tests.e2e.side import Place
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World, offers
from tests.e2e.worlds import world_of
from tests.fakes import media
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import Permission
from tests.fakes.faults import Fault, FaultKind
from tests.fakes.openai_media_script import MediaScript

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]


async def test_a_picture_that_telegram_does_not_take_as_a_photo(telegram: World) -> None:
    """One that is too narrow, and any in a group without the right to send photos, come as a file."""
    await telegram.start(image_model=OLD_PAINTER)
    ann, place = telegram.private()
    narrow = media.png(1010, 50)
    telegram.model.media_answers.append(MediaScript(pictures=[narrow]))
    shown = await imagine(telegram, place, ann, "/imagine a rope")
    assert [(file.kind, file.data) for file in shown.files] == [("document", narrow)]
    assert shown.text == "a rope"

    assert isinstance(telegram.side, TelegramSide)
    for count in (1, 2):
        group = telegram.side.group()
        telegram.side.fake.forbid(group.raw[0], "photos")
        telegram.model.media_answers.append(MediaScript(pictures=SMALL * count))
        telegram.side.command(group, ann, f"/imagine count={count} a rope")
        await telegram.until(group, lambda at=group, files=count: len(telegram.files(at)) == files)  # type: ignore[misc]
        assert {(file.kind, file.data) for file in telegram.files(group)} == {("document", SMALL[0])}

    group = telegram.side.group()
    telegram.side.fake.forbid(group.raw[0], "photos", "documents")
    telegram.model.media_answers.append(MediaScript(pictures=SMALL))
    await imagine(telegram, group, ann, "/imagine a rope")
    await telegram.sees(group, "The picture is made, but it could not be shown here.")
    assert telegram.files(group) == []


async def test_a_picture_that_discord_does_not_take(tmp_path: Path, log: Log) -> None:
    async with world_of("discord", tmp_path, log, rules=Rules(upload=5000)) as discord:
        await discord.start(image_model=OLD_PAINTER)
        assert isinstance(discord.side, DiscordSide)
        ann, place = discord.private()
        closed = Place("group", discord.side.guild.channel("words", denied=Permission.ATTACH_FILES))
        large = media.png(1024, 1024)
        assert len(large) > 5000
        for where, data in ((place, large), (closed, SMALL[0])):
            discord.model.media_answers.append(MediaScript(pictures=[data]))
            discord.side.command(where, ann, "/imagine a rope")
            await discord.sees(where, "The picture is made, but it could not be shown here.")
            assert discord.files(where) == []
            assert any(offers(shown, "Again") for shown in discord.shown(where))


async def test_pictures_that_are_too_large_together(tmp_path: Path, log: Log) -> None:
    """Discord takes each of them but not the message with all four."""
    async with world_of("discord", tmp_path, log, rules=Rules(request=1500)) as discord:
        await discord.start(image_model=OLD_PAINTER)
        ann, place = discord.private()
        lakes = [media.encoded(media.photo(20, 20 + number), "PNG") for number in range(4)]
        assert max(map(len, lakes)) < 1400 < sum(map(len, lakes))
        discord.model.media_answers.append(MediaScript(pictures=lakes))
        discord.side.command(place, ann, "/imagine count=4 a lake")
        await discord.until(place, lambda: any(offers(shown, "Again") for shown in discord.shown(place)))
        await discord.until(place, lambda: len(discord.files(place)) == 4)
        assert [file.data for file in discord.files(place)] == lakes


SHOWS = {
    "telegram": ("sendMessage", "editMessageMedia"),
    "discord": ("PATCH /webhooks/{id}/{token}/messages/{id}", "PATCH /webhooks/{id}/{token}/messages/{id}"),
}
"""The calls that begin and change what a command shows."""

FAULTS: list[tuple[FaultKind, dict[str, Any]]] = [
    ("flood", {"seconds": 4}),
    ("drop_after", {}),
    ("status", {"status": 500}),
]


async def test_what_goes_wrong_while_pictures_are_shown(world: World) -> None:
    """Three people order at once. A call inside a wait would count as a flood, which the end of each test looks for."""
    await world.start(image_model=PAINTER)
    side = world.side
    assert isinstance(side, TelegramSide | DiscordSide)
    for kind, fields in FAULTS:
        side.fake.faults.add(Fault(kind, SHOWS[side.name][1], skip=1, **fields))
    world.model.media_answers += [growing(3) for _ in range(3)]
    people = [world.private(name) for name in ("Ann", "Ben", "Cleo")]
    await asyncio.gather(*(imagine(world, place, person, "/imagine a lake") for person, place in people))
    for _, place in people:
        (shown,) = world.shown(place)
        assert [file.data for file in shown.files] == SMALL
        assert labels(shown) == DONE
    assert side.fake.faults.faults == []


async def test_somebody_deletes_the_message_that_grows(world: World) -> None:
    await world.start(image_model=PAINTER)
    ann, place = world.private()
    world.model.media_answers.append(growing(4))
    world.side.command(place, ann, "/imagine a lake")
    await world.until(place, lambda: world.files(place))
    world.side.delete(place, world.shown(place)[0].message_id)
    await world.until(place, lambda: world.shown(place) and labels(world.shown(place)[0]) == DONE)
    (shown,) = world.shown(place)
    assert [file.data for file in shown.files] == SMALL


async def test_telegram_asks_to_wait_with_an_album(telegram: World) -> None:
    await telegram.start(image_model=PAINTER)
    ann, place = telegram.private()
    assert isinstance(telegram.side, TelegramSide)
    telegram.side.fake.faults.add(Fault("flood", "sendMediaGroup", seconds=2))
    telegram.model.media_answers.append(MediaScript(pictures=SMALL * 4))
    telegram.side.command(place, ann, "/imagine count=4 a lake")
    await telegram.until(place, lambda: len(telegram.files(place)) == 4)
    assert telegram.side.fake.counted()["sendMediaGroup"] == 2
