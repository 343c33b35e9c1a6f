"""What only Discord has: the gateway, slash commands and their tokens, threads, roles, permissions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.commands.catalogue import COMMANDS, MENUS
from tests.e2e.asked import HEARD
from tests.e2e.discord_side import DiscordSide
from tests.e2e.side import Place
from tests.e2e.world import PATIENCE, Log, World
from tests.e2e.worlds import world_of
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rules
from tests.fakes.discord_state import Intent, Permission
from tests.fakes.faults import Fault
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(15)

SLOW = "A sentence that takes a while. " * 10


def side_of(world: World) -> DiscordSide:
    assert isinstance(world.side, DiscordSide)
    return world.side


def fake_of(world: World) -> DiscordFake:
    return side_of(world).fake


@pytest.fixture
async def hasty(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    """A world in which the tokens of interactions live for five seconds."""
    async with world_of("discord", tmp_path, log, rules=Rules(token_life=5.0)) as world:
        await world.start()
        yield world


# Slash commands


async def test_a_slash_command_is_acknowledged_at_once_and_answered(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    discord.model.answers.append(Script.of(SLOW, size=10, pace=0.1, header_delay=5))
    interaction = fake_of(discord).command(place.raw, ann.raw, "ask", {"question": "why?"})
    await fake_of(discord).interactions.answered(interaction, PATIENCE)
    assert interaction.deferred
    assert discord.text(place).strip() == "", "the model is still thinking"
    await discord.until(place, lambda: discord.shown(place) and discord.text(place).endswith(SLOW.strip()))
    (shown,) = discord.shown(place)
    discord.check_shows([shown], SLOW)
    assert len(shown.versions) > 3


async def test_a_long_answer_to_a_slash_command(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    text = SLOW * 15
    discord.model.answers.append(Script.of(text, size=60, pace=0.05))
    fake_of(discord).command(place.raw, ann.raw, "ask", {"question": "why?"})
    await discord.until(place, lambda: sum(len(shown.text) for shown in discord.shown(place)) >= len(text) - 20)
    assert len(discord.shown(place)) >= 3
    discord.check_shows(discord.shown(place), text)


async def test_the_token_of_an_interaction_ends_in_the_middle_of_the_answer(hasty: World) -> None:
    place, ann = hasty.side.group(), hasty.person("Ann")
    hasty.model.answers.append(Script.of(SLOW * 2, size=10, pace=0.2))
    fake_of(hasty).command(place.raw, ann.raw, "ask", {"question": "why?"})
    await hasty.until(place, lambda: hasty.text(place).rstrip().endswith(SLOW.strip()) and len(hasty.text(place)) > 600)
    hasty.check_shows(hasty.shown(place), SLOW * 2)


async def test_the_token_ends_before_the_first_word(hasty: World) -> None:
    place, ann = hasty.side.group(), hasty.person("Ann")
    hasty.model.answers.append(Script.of("Late, but here.", header_delay=8))
    fake_of(hasty).command(place.raw, ann.raw, "ask", {"question": "why?"})
    await hasty.sees(place, "Late, but here.")
    # Nobody can resolve a sign of thinking whose token is over; Discord turns it into "did not respond" by itself.
    for shown in fake_of(hasty).thinking(place.raw):
        fake_of(hasty).delete(place.raw, shown.message_id)


async def test_a_slash_command_by_somebody_who_installed_the_app(discord: World) -> None:
    """In a server without the bot there is only the interaction: nothing but its webhook may be used."""
    await discord.start()
    fake, ann = fake_of(discord), discord.person("Ann")
    place = Place("group", fake.guild("Elsewhere", has_bot=False).channel("general"))
    discord.model.answers.append(Script.of(SLOW, size=20, pace=0.1))
    fake.command(place.raw, ann.raw, "ask", {"question": "why?"}, user_install=True)
    await discord.until(place, lambda: discord.text(place).endswith(SLOW.strip()))
    discord.check_shows(discord.shown(place), SLOW)


async def test_help_is_for_the_one_who_asks(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    discord.side.command(place, ann, "/help")
    await discord.sees(place, "I remember this conversation")
    assert discord.side.whispered(place, ann) == discord.shown(place)


async def test_what_is_for_one_person_is_not_said_to_others_when_it_comes_too_late(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    unknown = {"message": "Unknown interaction", "code": 10062}
    fake_of(discord).faults.add(Fault("status", "POST /interactions/{id}/{token}/callback", status=404, body=unknown))
    discord.side.command(place, ann, "/help")
    await discord.sees(place, "Please ask again")
    assert len(discord.shown(place)) == 1
    discord.side.command(place, ann, "/help")
    await discord.sees(place, "I remember this conversation")
    assert discord.side.whispered(place, ann) == discord.shown(place)[1:]


@pytest.mark.fast(3)  # suggestions that take long are given up
async def test_options_complete_while_somebody_types(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    fake = fake_of(discord)
    models = await fake.autocomplete(place.raw, ann.raw, "model", "model", "oth")
    assert [choice["value"] for choice in models] == ["fake/other-model"]
    personas = await fake.autocomplete(place.raw, ann.raw, "persona use", "name", "teach")
    assert "teacher" in [choice["value"] for choice in personas]


async def test_commands_are_registered_only_when_they_changed(discord: World) -> None:
    await discord.start()
    assert fake_of(discord).syncs == 1
    await discord.restart()
    assert fake_of(discord).syncs == 1
    registered = [command["name"] for command in fake_of(discord).commands.registered[""].values()]
    shown = [command.name for command in COMMANDS if not command.hidden or command.open_to_all]
    assert sorted(registered) == sorted(shown + [menu.label for menu in MENUS])
    assert {"ask", "imagine", "speak", "voice", "transcribe", "claim", "settings", "Describe image"} <= set(registered)


async def test_commands_that_cannot_be_registered_do_not_stop_the_bot(discord: World) -> None:
    fake_of(discord).faults.add(Fault("status", "PUT /applications/{id}/commands", status=403, times=5))
    await discord.start()
    ann, place = discord.private()
    discord.check_shows(await discord.ask(place, ann, "Hello"), "Hello")


# Whom the bot answers


async def test_the_mention_is_taken_out(discord: World) -> None:
    await discord.start()
    place, ann, ben = discord.side.group(), discord.person("Ann"), discord.person("Ben")
    bot = fake_of(discord).bot_user.mention
    await discord.answer_after(place, lambda: discord.side.say(place, ann, f"What would {ben.raw.mention} say, {bot}?"))
    ((_, asked),) = discord.roles()
    assert asked.startswith("Ann: What would @Ben say")
    assert bot not in asked


async def test_the_role_of_the_bot_means_the_bot(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    role = side_of(discord).guild.bot_role().mention
    await discord.answer_after(place, lambda: discord.side.say(place, ann, f"{role} hello"))
    assert discord.roles() == [("user", "Ann: hello")]


async def test_bots_and_everyone_are_left_alone(discord: World) -> None:
    await discord.start()
    place, ann = discord.side.group(), discord.person("Ann")
    fake = fake_of(discord)
    robot = fake.world.add_user("Robot", bot=True)
    fake.say(place.raw, robot, f"{fake.bot_user.mention} hello, machine")
    discord.side.say(place, ann, "@everyone lunch!")
    await discord.ask(place, ann, "Hello")
    assert discord.roles() == [("user", f"{HEARD}\n> Ann: @everyone lunch!\n\nAnn: Hello")]
    assert len(discord.prompts()) == 1


async def test_a_thread_that_the_bot_started_goes_on_without_mentions(discord: World) -> None:
    await discord.start()
    fake, group, ann = fake_of(discord), discord.side.group(), discord.person("Ann")
    own = Place("topic", side_of(discord).guild.thread(group.raw, "Ours", fake.bot_user))
    others = discord.side.topic(group, "Theirs", ann)
    discord.side.say(others, ann, "Not for the bot")
    await discord.answer_after(own, lambda: discord.side.say(own, ann, "No mention"))
    assert [text for _, text in discord.roles()] == ["Ann: No mention"]
    assert discord.shown(others) == []


async def test_without_the_text_of_messages_mentions_still_work(tmp_path: Path, log: Log) -> None:
    async with world_of("discord", tmp_path, log, granted_intents=Intent.NONE) as world:
        world.expect_error("switch on Message Content Intent")
        await world.start()
        place, ann = world.side.group(), world.person("Ann")
        await world.ask(place, ann, "Hello")
        assert world.roles() == [("user", "Ann: Hello")]


# Permissions, and places that go away


async def test_a_channel_in_which_the_bot_may_not_write(discord: World) -> None:
    await discord.start()
    ann = discord.person("Ann")
    silent = Place("group", side_of(discord).guild.channel("silent", denied=Permission.SEND_MESSAGES))
    discord.say(silent, ann, "Hello")
    group = discord.side.group()
    await discord.ask(group, ann, "Hello")
    await discord.model.until(lambda: discord.model.running == 0)
    assert discord.shown(silent) == []
    assert fake_of(discord).invalid_requests < 5


async def test_a_channel_that_is_deleted_in_the_middle(discord: World) -> None:
    await discord.start()
    place, other, ann = discord.side.group(), discord.side.group("other"), discord.person("Ann")
    discord.model.answers.append(Script.of(SLOW, size=10, pace=0.1))
    discord.say(place, ann, "Hello")
    await discord.sees(place, SLOW[:20])
    fake_of(discord).remove_channel(place.raw)
    await discord.ask(other, ann, "Hello")


async def test_somebody_who_takes_no_direct_messages(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    ann.raw.accepts_dms = False
    discord.say(place, ann, "Hello")
    await discord.model.until(lambda: bool(discord.model.requests and discord.model.requests[0]["finished"]))
    await discord.pass_time(3)
    ann.raw.accepts_dms = True
    discord.check_shows(await discord.ask(place, ann, "Now I do"), "Now I do")


# The gateway


@pytest.mark.fast(30)
async def test_a_token_that_is_refused_is_not_tried_again_and_again(discord: World) -> None:
    discord.expect_error("does not accept the token")
    fake_of(discord).faults.add(Fault("status", "GET /users/@me", status=401, times=1000))
    discord.launch()
    await discord.pass_time(20)
    assert fake_of(discord).invalid_requests == 1
    await discord.stop()


@pytest.mark.parametrize("resumable", [True, False])
async def test_the_gateway_is_lost_while_the_answer_grows(discord: World, resumable: bool) -> None:
    await discord.start()
    ann, place = discord.private()
    discord.model.answers.append(Script.of(SLOW, size=10, pace=0.1))
    asked = asyncio.create_task(discord.ask(place, ann, "Hello"))
    await discord.sees(place, SLOW[:20])
    await fake_of(discord).drop_gateway(resumable=resumable)
    discord.check_shows(await asked, SLOW)
    await fake_of(discord).ready(60)
    discord.check_shows(await discord.ask(place, ann, "Next"), "Next")
    assert fake_of(discord).gateway.identifies == (1 if resumable else 2)


async def test_what_is_said_while_the_gateway_is_away_is_heard_after_a_resume(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    await discord.ask(place, ann, "One")
    await fake_of(discord).drop_gateway(resumable=True)
    discord.check_shows(await discord.ask(place, ann, "Two"), "Two")
    assert len(discord.prompts()) == 2


async def test_the_gateway_asks_to_connect_anew(discord: World) -> None:
    await discord.start()
    ann, place = discord.private()
    fake_of(discord).ask_to_reconnect()
    discord.check_shows(await discord.ask(place, ann, "Hello"), "Hello")
    assert fake_of(discord).gateway.resumes == 1


async def test_discord_goes_away_and_comes_back(discord: World) -> None:
    discord.expect_error("Attempting a reconnect")
    await discord.start()
    ann, place = discord.private()
    discord.model.answers.append(Script.of(SLOW, size=10, pace=0.1))
    discord.say(place, ann, "Hello")
    await discord.sees(place, SLOW[:20])
    await fake_of(discord).stop_listening()
    await discord.pass_time(10)
    await fake_of(discord).start_listening()
    await discord.until(place, lambda: discord.answers(place) == 1)
    discord.check_shows(discord.shown(place), SLOW)
    await fake_of(discord).ready(60)
    discord.check_shows(await discord.ask(place, ann, "Next"), "Next")


async def test_discord_is_down_when_the_bot_starts(discord: World) -> None:
    await fake_of(discord).stop_listening()
    discord.launch()
    await discord.pass_time(3)
    await fake_of(discord).start_listening()
    await discord.side.up()
    ann, place = discord.private()
    discord.check_shows(await discord.ask(place, ann, "Hello"), "Hello")


async def test_the_first_connection_to_the_gateway_fails(discord: World) -> None:
    discord.expect_error("Attempting a reconnect")
    fake_of(discord).faults.add(Fault("status", "gateway", status=503, times=2))
    await discord.start()
    ann, place = discord.private()
    discord.check_shows(await discord.ask(place, ann, "Hello"), "Hello")


async def test_the_bot_can_be_stopped_while_discord_is_down(discord: World) -> None:
    await fake_of(discord).stop_listening()
    discord.launch()
    await discord.pass_time(3)
    await discord.stop()
    await fake_of(discord).start_listening()


async def test_two_answers_in_two_threads_share_no_limit(discord: World) -> None:
    await discord.start()
    group, ann = discord.side.group(), discord.person("Ann")
    threads = [discord.side.topic(group, f"Thread {number}", ann) for number in range(5)]
    discord.model.respond = lambda _: Script.of(SLOW, size=10, pace=0.3)
    answers = await asyncio.gather(*(discord.ask(thread, ann, "Hello") for thread in threads))
    for (shown,) in answers:
        discord.check_shows([shown], SLOW)
        assert len(shown.versions) > 3
