"""The menu of commands."""

from __future__ import annotations

import pytest

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.menu import menus, sync_menu
from bot.commands.spec import Command
from tests.fakes.faults import Fault
from tests.fakes.telegram_api import TelegramFake
from tests.unit.telegram.conftest import COMMANDS, Box, MemoryNotes, eventually, listening


@pytest.mark.fast
async def test_set_once_for_each_scope(fake: TelegramFake, notes: MemoryNotes, platform: TelegramPlatform) -> None:
    async with platform:
        for _ in range(2):
            await sync_menu(platform._bot, notes, fake.bot_user.id, COMMANDS)
    assert fake.profile.menu("default") == fake.profile.menu("all_private_chats")
    assert list(fake.profile.menu()) == ["ask", "new", "start"]
    assert list(fake.profile.menu("all_group_chats")) == ["ask", "new"]
    assert fake.counted()["setMyCommands"] == 3


@pytest.mark.fast
async def test_set_again_when_it_changed(fake: TelegramFake, notes: MemoryNotes, platform: TelegramPlatform) -> None:
    more = (*COMMANDS, Command("stop", "Stop the answer", "talk"))
    for commands, calls in ((COMMANDS, 3), (more, 6)):
        async with listening(TelegramPlatform(fake.token, notes, commands, api_url=fake.url), Box()):
            await eventually(lambda wanted=calls: fake.counted()["setMyCommands"] == wanted)  # type: ignore[misc]
    assert "stop" in fake.profile.menu()


@pytest.mark.fast
async def test_a_refused_menu_does_not_keep_messages_out(
    fake: TelegramFake, notes: MemoryNotes, platform: TelegramPlatform, box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    fake.faults.add(Fault("status", "setMyCommands", status=400))
    ann = fake.user(7)
    fake.say(fake.private(ann), ann, "hello")
    async with listening(platform, box):
        await box.take()
        await eventually(lambda: "setting the menu" in caplog.text)
    assert not notes.values


def test_what_telegram_cannot_take_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    commands = (
        Command("python-tutor", "No hyphens", "talk"),
        Command("Upper", "No capitals", "talk"),
        Command("x" * 33, "Too long", "talk"),
        Command("empty", " ", "talk"),
        Command("wordy", "y" * 300, "talk"),
    )
    [entry] = menus(commands)["default"]
    assert entry.command == "wordy"
    assert len(entry.description) == 256
    assert len(caplog.records) == 4
