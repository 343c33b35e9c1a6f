"""Interactions of the Discord fake as the real discord.py sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_client import Bot, next_of, redirected, running
from tests.fakes.discord_commands import OptionValue
from tests.fakes.discord_state import Channel, User


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with redirected(DiscordFake()) as fake:
        yield fake


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Channel:
    return fake.guild("Lab").channel("general")


def add_persona_commands(bot: Bot) -> None:
    """`/persona use name size`, with suggestions for the name."""
    group = app_commands.Group(name="persona", description="Personas of this chat")

    @group.command(name="use", description="Change the persona")
    @app_commands.describe(name="which", size="how long its answers are")
    async def use(interaction: discord.Interaction[Any], name: str, size: int = 1) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content=f"{name}, {size}")

    @use.autocomplete("name")
    async def suggest(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        names = ("teacher", "technician", "poet")
        return [app_commands.Choice(name=name.title(), value=name) for name in names if name.startswith(current)]

    bot.tree.add_command(group)


async def test_a_slash_command_is_deferred_and_answered(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        add_persona_commands(bot)
        await bot.tree.sync()
        assert fake.syncs == 1
        used = fake.command(general, ann, "persona use", {"name": "teacher", "size": 3})
        screen = fake.screen(general)
        await screen.until(lambda screen: screen.bot_text() == "teacher, 3")
        (shown,) = screen.by_bot()
        assert [version.raw["thinking"] for version in shown.versions] == [True, False]
        assert used.deferred
        assert used.delay is not None
        assert used.delay < 3
        assert fake.thinking(general) == []
        choices = await fake.autocomplete(general, ann, "persona use", "name", "te")
        assert [choice["value"] for choice in choices] == ["teacher", "technician"]


async def test_people_use_only_what_is_registered(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        add_persona_commands(bot)
        await bot.tree.sync()
        wrong: list[tuple[str, dict[str, OptionValue]]] = [
            ("nothing", {}),
            ("persona", {}),
            ("persona use", {}),
            ("persona use", {"name": "x", "no": 1}),
        ]
        for path, options in wrong:
            with pytest.raises(AssertionError):
                fake.command(general, ann, path, options)
        with pytest.raises(AssertionError):
            fake.command(general, ann, "persona use", {"name": "poet"}, user_install=True)


async def test_a_deferral_without_an_answer_stays_visible(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        fake.interactions.begin(2, general, ann, {"id": "1", "name": "ask", "type": 1})
        await (await next_of(bot.used)).response.defer(thinking=True)
        (waiting,) = fake.thinking(general)
        assert waiting.text == ""


async def test_follow_ups_and_private_answers(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        fake.interactions.begin(2, general, ann, {"id": "1", "name": "ask", "type": 1})
        interaction = await next_of(bot.used)
        await interaction.response.defer(thinking=True, ephemeral=True)
        first = await interaction.followup.send("for your eyes", wait=True)
        second = await interaction.followup.send("for all", wait=True)
        await second.edit(content="for all of you")
        with pytest.raises(discord.NotFound) as refused:
            await bot.get_partial_messageable(int(general.id)).fetch_message(first.id)
        assert refused.value.code == 10008
    shown = fake.screen(general).by_bot()
    assert [(message.text, message.versions[-1].raw["ephemeral"]) for message in shown] == [
        ("for your eyes", True),
        ("for all of you", False),
    ]
    assert shown[0].message_id == str(first.id)


async def test_a_button_is_pressed_and_changes_its_message(fake: DiscordFake, ann: User, general: Channel) -> None:
    async with running(fake) as bot:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button[Any](label="Stop", custom_id="stop:1"))
        message = await bot.get_partial_messageable(int(general.id)).send("writing", view=view)
        (shown,) = fake.screen(general).by_bot()
        assert shown.buttons == (("Stop", "stop:1"),)
        with pytest.raises(AssertionError):
            fake.press(general, ann, str(message.id), "retry:1")
        fake.press(general, ann, str(message.id), "stop:1")
        interaction = await next_of(bot.used)
        assert interaction.message is not None
        assert (interaction.message.id, interaction.user.name) == (message.id, "ann")
        await interaction.response.edit_message(content="stopped", view=None)
        view.stop()
    assert shown.text == "stopped"
    assert not shown.buttons


async def test_an_app_of_a_user_answers_where_it_is_not(fake: DiscordFake, ann: User) -> None:
    elsewhere = fake.guild("Elsewhere", has_bot=False).channel("general")
    async with running(fake) as bot:
        fake.say(elsewhere, ann, "not for the bot")
        fake.interactions.begin(2, elsewhere, ann, {"id": "1", "name": "ask", "type": 1}, user_install=True)
        interaction = await next_of(bot.used)
        assert interaction.is_user_integration()
        await interaction.response.send_message("hello")
        with pytest.raises(discord.Forbidden) as refused:
            await bot.get_partial_messageable(int(elsewhere.id)).send("by the front door")
        assert refused.value.code == 50001
        assert bot.heard.empty()
    assert fake.screen(elsewhere).bot_text() == "hello"
