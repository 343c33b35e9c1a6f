"""Commands in the menus of messages, and forms that ask for words."""

from __future__ import annotations

import pytest

from bot.domain.messages import ButtonPress, CommandCall, Invocation, Quote
from bot.domain.platform import Button, Outgoing
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_state import Channel as Place
from tests.fakes.discord_state import Interaction, Permission, User
from tests.fakes.faults import Fault
from tests.unit.discord.conftest import Connect, Connected

MESSAGE = "GET /channels/{id}/messages/{id}"
PICTURE = b"\x89PNG a picture"
ASK, DESCRIBE = "Ask about this", "Describe image"


async def call_of(bot: Connected) -> CommandCall:
    event, _ = await bot.next()
    assert isinstance(event, CommandCall)
    return event


async def asking_button(bot: Connected, fake: DiscordFake, person: User, place: Place) -> str:
    """A message of the bot with a button that asks."""
    fake.say(place, person, f"{fake.bot_user.mention} hello")
    _, channel = await bot.next()
    buttons = (Button("Again", "again 7"), Button("Change it", "change 7", asks=True))
    return await channel.send(Outgoing("A cat.", buttons=buttons))


async def filled(fake: DiscordFake, opened: Interaction, words: str) -> Interaction:
    await fake.modal(opened)
    return fake.submit_modal(opened, words)


async def test_a_menu_is_a_command_about_a_message(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    said = fake.send_file(general, fake.user("Bob"), PICTURE, "a.png", text="my cat")
    async with connect() as bot:
        used = fake.message_command(general, ann, DESCRIBE, said)
        event, channel = await bot.next()
        assert isinstance(event, CommandCall)
        assert event.quote is not None
        (file,) = event.quote.attachments
        assert await channel.fetch(file, 1000) == PICTURE
        await channel.send(Outgoing("A cat."))
    assert event.call == Invocation(("ask",), {"question": "What does it show?"})
    assert (event.key, event.author.name) == (f"discord:{fake.application_id}:i{used.id}", "Ann")
    assert event.quote == Quote("Bob", "my cat", False, (file,), said)
    assert fake.screen(general).bot_text() == "A cat."
    assert (used.response, fake.thinking(general)) == (5, [])
    assert MESSAGE not in [call.route for call in fake.calls]


async def test_a_message_of_the_bot_itself(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        message_id = await asking_button(bot, fake, ann, general)
        fake.message_command(general, ann, DESCRIBE, message_id)
        event = await call_of(bot)
    assert event.quote is not None
    assert (event.quote.text, event.quote.from_bot, event.quote.message_id) == ("A cat.", True, message_id)


async def test_a_menu_that_asks_first(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    said = fake.send_file(general, fake.user("Bob"), PICTURE, "a.png", text="my cat")
    async with connect() as bot:
        opened = fake.message_command(general, ann, ASK, said)
        form = await fake.modal(opened)
        assert bot.inbox.events.empty()
        sent = fake.submit_modal(opened, "How old is it?")
        event, channel = await bot.next()
        await channel.send(Outgoing("Two years."))
    assert form["title"] == ASK
    (label,) = form["components"]
    assert (label["label"], label["description"]) == ("Question", "What to ask")
    assert (label["component"]["style"], label["component"]["required"]) == (2, True)
    assert isinstance(event, CommandCall)
    assert event.call == Invocation(("ask",), {"question": "How old is it?"})
    assert event.key.endswith(f":i{sent.id}")
    assert event.quote is not None
    assert (event.quote.message_id, len(event.quote.attachments)) == (said, 1)
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["Two years."]
    assert (opened.response, sent.response, fake.thinking(general)) == (9, 5, [])


@pytest.mark.parametrize("readable", [True, False])
async def test_a_form_that_was_open_while_the_bot_was_started_anew(
    connect: Connect, fake: DiscordFake, ann: User, general: Place, readable: bool
) -> None:
    said = fake.say(general, fake.user("Bob"), "my cat")
    async with connect():
        opened = fake.message_command(general, ann, ASK, said)
        await fake.modal(opened)
    general.denied = Permission.NONE if readable else Permission.READ_MESSAGE_HISTORY
    async with connect() as bot:
        sent = fake.submit_modal(opened, "How old is it?")
        event, channel = await bot.next()
        await channel.send(Outgoing("Two years."))
    assert sent.response == 5
    assert isinstance(event, CommandCall)
    assert event.call == Invocation(("ask",), {"question": "How old is it?"})
    assert event.quote == (Quote("Bob", "my cat", message_id=said) if readable else None)
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["Two years."]
    assert fake.thinking(general) == []


async def test_menus_work_where_the_bot_is_not(connect: Connect, fake: DiscordFake, ann: User) -> None:
    place = fake.guild("Not ours", has_bot=False).channel("general")
    said = fake.say(place, fake.user("Bob"), "my cat")
    async with connect() as bot:
        opened = fake.message_command(place, ann, ASK, said, user_install=True)
        await filled(fake, opened, "How old is it?")
        event, channel = await bot.next()
        await channel.send(Outgoing("Two years."))
    assert isinstance(event, CommandCall)
    assert event.quote is not None
    assert fake.screen(place).bot_text() == "Two years."


async def test_a_button_that_asks(connect: Connect, fake: DiscordFake, ann: User, general: Place) -> None:
    async with connect() as bot:
        message_id = await asking_button(bot, fake, ann, general)
        opened = fake.press(general, ann, message_id, "parley-ask:change 7")
        form = await fake.modal(opened)
        assert bot.inbox.events.empty()
        sent = fake.submit_modal(opened, "make it blue")
        event, channel = await bot.next()
        await fake.interactions.answered(sent, 3)
        await channel.send(Outgoing("A blue cat."))
    assert (form["title"], form["components"][0]["label"]) == ("Change it", "Change it")
    assert form["components"][0]["component"]["max_length"] == 4000
    assert isinstance(event, ButtonPress)
    assert (event.data, event.message_id, event.text) == ("change 7", message_id, "make it blue")
    assert (opened.response, sent.response) == (9, 6)
    assert [shown.text for shown in fake.screen(general).by_bot()] == ["A cat.", "A blue cat."]


async def test_a_button_that_asks_outlives_the_bot(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        message_id = await asking_button(bot, fake, ann, general)
        opened = fake.press(general, ann, message_id, "parley-ask:change 7")
        await fake.modal(opened)
        fake.press(general, ann, message_id, "parley:again 7")
        await bot.next()
        client = bot.platform._client
        assert client is not None
        assert not client._connection._view_store._modals, "forms are not kept in memory"
    async with connect() as bot:
        fake.submit_modal(opened, "make it blue")
        event, _ = await bot.next()
    assert isinstance(event, ButtonPress)
    assert (event.data, event.message_id, event.text) == ("change 7", message_id, "make it blue")


async def test_a_button_that_asks_nothing_has_no_words(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        message_id = await asking_button(bot, fake, ann, general)
        fake.press(general, ann, message_id, "parley:again 7")
        event, _ = await bot.next()
    assert isinstance(event, ButtonPress)
    assert (event.data, event.text) == ("again 7", None)


async def test_a_form_that_discord_does_not_take_is_no_end(
    connect: Connect, fake: DiscordFake, ann: User, general: Place
) -> None:
    async with connect() as bot:
        message_id = await asking_button(bot, fake, ann, general)
        fake.faults.add(Fault("status", "POST /interactions/{id}/{token}/callback", status=400))
        fake.press(general, ann, message_id, "parley-ask:change 7")
        fake.press(general, ann, message_id, "parley:again 7")
        event, _ = await bot.next()
    assert isinstance(event, ButtonPress)
    assert event.data == "again 7"
