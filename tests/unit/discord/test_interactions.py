"""Slash commands: how they are called, acknowledged, answered, and answered late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.messages import CommandCall, Invocation
from bot.domain.platform import Button, Outgoing
from bot.errors import Ambiguous, ChatGone, MessageGone, OthersWouldSee
from bot.ports import Channel
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_limits import Rate, Rules
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Interaction, Permission, User
from tests.fakes.faults import Fault
from tests.unit.discord.conftest import TOKEN, Connect, Connected

FIRST_ANSWER = "PATCH /webhooks/{id}/{token}/messages/{id}"
CALLBACK = "POST /interactions/{id}/{token}/callback"
TOO_LATE = Fault("status", CALLBACK, status=404, body={"message": "Unknown interaction", "code": 10062})


async def _asked(
    bot: Connected, fake: DiscordFake, person: User, place: Place, *, user_install: bool = False
) -> tuple[Interaction, Channel]:
    used = fake.command(place, person, "ask", {"question": "why?"}, user_install=user_install)
    _, channel = await bot.next()
    return used, channel


async def test_a_subcommand_with_a_value(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        used = fake.command(general, ann, "persona use", {"name": "teacher"})
        event, _ = await bot.next()
        await fake.interactions.answered(used, 3)
    assert isinstance(event, CommandCall)
    assert event.call == Invocation(("persona", "use"), {"name": "teacher"})
    assert event.key == f"discord:{fake.application_id}:i{used.id}"
    assert (event.chat.chat_id, event.chat.kind, event.author.locale) == (general.id, "group", "en-US")


async def test_values_keep_their_types(connect: Connect, fake: DiscordFake, ann: User) -> None:
    async with connect() as bot:
        fake.command(fake.dm(ann), ann, "set", {"temperature": 0.5, "count": 3, "loud": True, "size": "large"})
        event, _ = await bot.next()
    assert isinstance(event, CommandCall)
    assert event.call == Invocation(("set",), {"temperature": 0.5, "count": 3, "loud": True, "size": "large"})
    assert event.chat.kind == "private"


async def test_the_answer_takes_the_place_of_thinking(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        used, channel = await _asked(bot, fake, ann, general)
        await fake.interactions.answered(used, 3)
        assert len(fake.thinking(general)) == 1
        await channel.typing()
        first = await channel.send(Outgoing("Bec", buttons=(Button("Stop", "stop 1"),)))
        await channel.edit(first, Outgoing("Because @everyone."))
        second = await channel.send(Outgoing("And so on"))
        await channel.edit(second, Outgoing("And so on."))
    assert (used.response, fake.thinking(general)) == (5, [])
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["Because @everyone.", "And so on."]
    assert fake.screen(general).by_bot()[0].versions[-2].buttons == (("Stop", "parley:stop 1"),)
    assert (fake.pings, fake.screen(general).typing) == ([], [])


async def test_commands_are_acknowledged_before_anybody_answers(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        used = [fake.command(general, ann, "ask", {"question": str(number)}) for number in range(10)]
        for each in used:
            await fake.interactions.answered(each, 3)
        assert max(each.delay or 0.0 for each in used) < 1.5
        events = [(await bot.next())[0] for _ in used]
    assert [event.key.rpartition(":i")[2] for event in events] == [each.id for each in used]


async def test_an_answer_for_the_caller_alone(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    """The command is one whose answers are usually for everybody."""
    async with connect() as bot:
        _, channel = await _asked(bot, fake, ann, general)
        await channel.send(Outgoing("only for you", private=True))
    (message,) = [message for message in general.messages.values() if message.author is fake.bot_user]
    assert (message.content, message.seen_by) == ("only for you", ann)


async def test_commands_about_a_persons_data_think_in_private(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        used = fake.command(general, ann, "usage")
        _, channel = await bot.next()
        await fake.interactions.answered(used, 3)
        (thinking,) = fake.thinking(general)
        assert general.messages[thinking.message_id].seen_by is ann
        message_id = await channel.send(Outgoing("12 tokens", private=True))
        assert message_id == thinking.message_id
        fake.command(general, ann, "usage")
        _, channel = await bot.next()
        public = await channel.send(Outgoing("12 tokens"))
    assert general.messages[public].seen_by is None
    assert fake.thinking(general) == []


async def test_suggestions(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        offered = await fake.autocomplete(general, ann, "persona use", "name", "te")
        assert [choice["value"] for choice in offered] == ["te-one", "te-two"]
        assert bot.inbox.asked[0][2:] == (("persona", "use"), "name", "te")
        bot.inbox.answer = lambda typed: ["3", "many", "x" * 101, *map(str, range(40))]
        numbers = await fake.autocomplete(general, ann, "set", "count", "3")
        assert [choice["value"] for choice in numbers] == [3, *range(24)]


async def test_suggestions_that_come_too_late_are_none(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.requests.SUGGEST_WITHIN", 0.01)
    async with connect() as bot:
        bot.inbox.delay = 5
        assert await fake.autocomplete(general, ann, "persona use", "name", "te") == []


async def test_leaving_does_not_wait_for_suggestions(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        bot.inbox.delay = 30
        asking = asyncio.create_task(fake.autocomplete(general, ann, "persona use", "name", "te", timeout=0.5))
        await bot.inbox.was_asked.wait()
        leaving_at = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - leaving_at < 5
    with pytest.raises(TimeoutError):
        await asking


async def test_a_first_answer_that_was_cut_off_is_repeated_in_place(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    fake.faults.add(Fault("drop_after", FIRST_ANSWER))
    async with connect() as bot:
        _, channel = await _asked(bot, fake, ann, general)
        with pytest.raises(Ambiguous):
            await channel.send(Outgoing("Because"))
        await channel.send(Outgoing("Because"))
    assert fake.screen(general).bot_text() == "Because"


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_an_acknowledgement_whose_fate_is_unknown(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, kind: str
) -> None:
    """Whether Discord heard it or not, there is one answer and nothing that thinks for ever."""
    fake.faults.add(Fault(kind, CALLBACK))  # type: ignore[arg-type]  # a literal
    async with connect() as bot:
        _, channel = await _asked(bot, fake, ann, general)
        await channel.send(Outgoing("Because"))
    assert fake.screen(general).bot_text() == "Because"
    assert fake.thinking(general) == []


async def test_a_command_that_nobody_waits_for_any_more_is_answered_in_the_channel(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    fake.faults.add(replace(TOO_LATE))
    async with connect() as bot:
        _, channel = await _asked(bot, fake, ann, general)
        message_id = await channel.send(Outgoing("Because"))
        await channel.edit(message_id, Outgoing("Because."))
        await channel.typing()
    assert fake.screen(general).bot_text() == "Because."
    assert len(fake.screen(general).typing) == 1


async def test_what_is_for_the_caller_alone_is_never_said_in_the_channel(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        _, channel = await _asked(bot, fake, ann, general)
        below = await channel.send(Outgoing("Because", buttons=(Button("Why?", "why 1"),)))
        for pressed in (False, True):
            fake.faults.add(replace(TOO_LATE))
            if pressed:
                fake.press(general, ann, below, "parley:why 1")
            else:
                fake.command(general, ann, "usage")
            _, channel = await bot.next()
            with pytest.raises(OthersWouldSee):
                await channel.send(Outgoing("12 tokens", private=True))
            await channel.send(Outgoing("Ask again"))
        fake.faults.add(replace(TOO_LATE))
        fake.command(fake.dm(ann), ann, "usage")
        _, channel = await bot.next()
        await channel.send(Outgoing("12 tokens", private=True))
    assert fake.screen(general).bot_text() == "Because\n\nAsk again\n\nAsk again"
    assert fake.screen(fake.dm(ann)).bot_text() == "12 tokens"


async def test_thinking_that_somebody_removed(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        used, channel = await _asked(bot, fake, ann, general)
        await fake.interactions.answered(used, 3)
        fake.delete(general, fake.thinking(general)[0].message_id)
        await channel.send(Outgoing("Because"))
        used, channel = await _asked(bot, fake, ann, general)
        await fake.interactions.answered(used, 3)
        fake.delete(general, fake.thinking(general)[0].message_id)
        gone = {"message": "Unknown Message", "code": 10008}
        fake.faults.add(Fault("status", "POST /webhooks/{id}/{token}", status=404, body=gone))
        await channel.send(Outgoing("of that"))
    assert fake.screen(general).bot_text() == "Because\n\nof that"


class TestForAUserWhoInstalledTheApp:
    @pytest.fixture
    async def fake(self) -> AsyncIterator[DiscordFake]:
        async with DiscordFake(token=TOKEN, rules=Rules(webhook=Rate(50, 5.0))) as fake:
            yield fake

    async def test_between_people_it_is_no_private_chat_with_the_bot(
        self, connect: Connect, fake: DiscordFake, ann: User
    ) -> None:
        async with connect() as bot:
            fake.command(fake.dm(ann), ann, "ask", {"question": "why?"}, user_install=True)
            event, _ = await bot.next()
        assert event.chat.kind == "group"

    async def test_the_answer_has_one_message_and_five_more(
        self, connect: Connect, fake: DiscordFake, ann: User
    ) -> None:
        place = fake.guild("Elsewhere", has_bot=False).channel("general")
        async with connect() as bot:
            _, channel = await _asked(bot, fake, ann, place, user_install=True)
            for number in range(6):
                await channel.send(Outgoing(f"part {number}"))
            with pytest.raises(ChatGone):
                await channel.send(Outgoing("part 6"))
        assert [shown.text for shown in fake.screen(place).by_bot()] == [f"part {number}" for number in range(6)]


class TestWhenTheTokenIsUsedUp:
    LIFE = 0.3

    @pytest.fixture
    async def fake(self) -> AsyncIterator[DiscordFake]:
        async with DiscordFake(token=TOKEN, rules=Rules(token_life=self.LIFE)) as fake:
            yield fake

    async def test_plain_messages_go_on(self, connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
        async with connect() as bot:
            used, channel = await _asked(bot, fake, ann, general)
            first = await channel.send(Outgoing("Bec"))
            await self._pass(used)
            await channel.edit(first, Outgoing("Because"))
            await channel.send(Outgoing("of that"))
            refused = [call for call in fake.calls if call.status == 401]
        assert fake.screen(general).bot_text() == "Because\n\nof that"
        assert len(refused) == 1, "what is over is not asked again"

    async def test_what_is_for_the_caller_alone_ends(
        self, connect: Connect, fake: DiscordFake, ann: User, general: Place
    ) -> None:
        async with connect() as bot:
            used = fake.command(general, ann, "usage")
            _, channel = await bot.next()
            first = await channel.send(Outgoing("12 tokens", private=True))
            await self._pass(used)
            with pytest.raises(MessageGone):
                await channel.edit(first, Outgoing("13 tokens"))
            with pytest.raises(OthersWouldSee):
                await channel.send(Outgoing("13 tokens", private=True))
        assert [message.content for message in general.messages.values() if message.seen_by is None] == []

    async def test_where_the_bot_may_not_write_it_is_over(
        self, connect: Connect, fake: DiscordFake, ann: User, general: Place
    ) -> None:
        async with connect() as bot:
            used, channel = await _asked(bot, fake, ann, general)
            first = await channel.send(Outgoing("Bec"))
            general.denied = Permission.VIEW_CHANNEL
            await self._pass(used)
            with pytest.raises(ChatGone):
                await channel.edit(first, Outgoing("Because"))

    async def _pass(self, used: Interaction) -> None:
        """Wait until the interaction's token is used up."""
        await asyncio.sleep(max(0.0, used.at + self.LIFE + 0.01 - asyncio.get_running_loop().time()))
