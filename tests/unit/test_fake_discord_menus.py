"""Menus of messages, files of slash commands and forms on the fake Discord, seen over plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_cdn import Upload
from tests.fakes.discord_errors import ApiError
from tests.fakes.discord_modals import check_modal
from tests.fakes.discord_state import Channel, Interaction, Json, User

MENU: Json = {"name": "Ask about this", "type": 3}
DRAW: Json = {
    "name": "draw",
    "description": "Make a picture",
    "options": [{"name": "like", "type": 11, "description": "A picture", "required": True}],
}
FIELD: Json = {"type": 4, "custom_id": "words", "style": 2, "max_length": 10}
FORM: Json = {
    "custom_id": "form",
    "title": "Ask",
    "components": [{"type": 18, "label": "Question", "component": FIELD}],
}


class Bot:
    """Speaks plain HTTP."""

    def __init__(self, session: aiohttp.ClientSession, fake: DiscordFake) -> None:
        self._session = session
        self._fake = fake

    async def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        async with self._session.request(method, self._fake.api_url + path, json=body) as response:
            return response.status, await response.json() if response.status != 204 else {}

    async def register(self, *commands: Json) -> tuple[int, Any]:
        return await self("PUT", f"/applications/{self._fake.application_id}/commands", list(commands))

    async def respond(self, interaction: Interaction, kind: int, data: Json | None = None) -> tuple[int, int | None]:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        status, answer = await self("POST", path, {"type": kind, "data": data})
        return status, answer.get("code")


@pytest.fixture
async def fake() -> AsyncIterator[DiscordFake]:
    async with DiscordFake() as fake:
        yield fake


@pytest.fixture
async def bot(fake: DiscordFake) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {fake.token}"}) as session:
        yield Bot(session, fake)


@pytest.fixture
def ann(fake: DiscordFake) -> User:
    return fake.user("Ann")


@pytest.fixture
def general(fake: DiscordFake) -> Channel:
    return fake.guild("Lab").channel("general")


async def used(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> Interaction:
    """The menu of a message, chosen."""
    await bot.register(MENU)
    return fake.message_command(general, ann, MENU["name"], fake.say(general, ann, "hello"))


@pytest.mark.parametrize(
    "command",
    [
        MENU | {"name": ""},
        MENU | {"name": "x" * 33},
        MENU | {"description": "Something"},
        MENU | {"options": [{"name": "a", "type": 3, "description": "b"}]},
    ],
)
async def test_menus_that_are_refused(bot: Bot, command: Json) -> None:
    status, answer = await bot.register(command)
    assert (status, answer["code"]) == (400, 50035)


async def test_fifteen_menus_beside_the_commands(bot: Bot) -> None:
    menus = [MENU | {"name": f"Menu {number}"} for number in range(16)]
    assert (await bot.register(DRAW, *menus[:15]))[0] == 200
    assert (await bot.register(*menus))[0] == 400


async def test_a_menu_tells_the_whole_message(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    await bot.register(MENU)
    said = fake.send_file(general, ann, b"a picture", "a.png", text="look")
    interaction = fake.message_command(general, ann, MENU["name"], said)
    assert (interaction.data["type"], interaction.data["target_id"]) == (3, said)
    message = interaction.data["resolved"]["messages"][said]
    assert (message["content"], message["attachments"][0]["filename"]) == ("look", "a.png")
    assert await bot.respond(interaction, 4, {"content": "nice"}) == (204, None)
    assert interaction.original is not None
    assert interaction.original.type == 23


async def test_a_file_of_a_command(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    await bot.register(DRAW)
    interaction = fake.command(general, ann, "draw", {"like": Upload(b"a picture", "a.png")})
    (option,) = interaction.data["options"]
    file = interaction.data["resolved"]["attachments"][option["value"]]
    assert (option["type"], file["filename"], file["ephemeral"]) == (11, "a.png", True)
    with pytest.raises(AssertionError):
        fake.command(general, ann, "draw", {"like": "words"})


async def test_a_form_is_a_first_response(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    opened = await used(fake, bot, ann, general)
    assert await bot.respond(opened, 9, FORM) == (204, None)
    assert await bot.respond(opened, 9, FORM) == (400, 40060)
    sent = fake.submit_modal(opened, "how old?")
    assert sent.data["custom_id"] == "form"
    assert sent.data["components"][0]["component"]["value"] == "how old?"
    assert await bot.respond(sent, 9, FORM) == (400, 50035)
    assert await bot.respond(sent, 6) == (400, 50035), "there is no message that a component belongs to"
    assert await bot.respond(sent, 5) == (204, None)


async def test_no_form_after_a_deferral(fake: DiscordFake, bot: Bot, ann: User, general: Channel) -> None:
    opened = await used(fake, bot, ann, general)
    assert await bot.respond(opened, 5) == (204, None)
    assert await bot.respond(opened, 9, FORM) == (400, 40060)
    with pytest.raises(AssertionError):
        fake.submit_modal(opened, "how old?")


async def test_a_form_that_a_button_opened_knows_its_message(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel
) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Change", "custom_id": "change"}]}
    _, message = await bot("POST", f"/channels/{general.id}/messages", {"content": "a cat", "components": [row]})
    opened = fake.press(general, ann, message["id"], "change")
    await bot.respond(opened, 9, FORM)
    sent = fake.submit_modal(opened, {"words": "blue"})
    assert sent.message is not None
    assert sent.message.id == message["id"]
    assert await bot.respond(sent, 6) == (204, None)


@pytest.mark.parametrize("words", ["", "x" * 11])
async def test_what_a_client_does_not_send(
    fake: DiscordFake, bot: Bot, ann: User, general: Channel, words: str
) -> None:
    opened = await used(fake, bot, ann, general)
    await bot.respond(opened, 9, FORM)
    with pytest.raises(AssertionError):
        fake.submit_modal(opened, words)


@pytest.mark.parametrize(
    "change",
    [
        {"custom_id": ""},
        {"custom_id": "x" * 101},
        {"title": ""},
        {"title": "x" * 46},
        {"components": []},
        {"components": FORM["components"] * 6},
        {"components": [FIELD]},
        {"components": [{"type": 1, "components": [FIELD]}]},
        {"components": [{"type": 18, "label": "x" * 46, "component": FIELD}]},
        {"components": [{"type": 18, "label": "a", "description": "x" * 101, "component": FIELD}]},
        {"components": [{"type": 18, "label": "a", "component": FIELD | {"style": 3}}]},
        {"components": [{"type": 18, "label": "a", "component": FIELD | {"max_length": 4001}}]},
    ],
)
def test_forms_that_are_refused(change: Json) -> None:
    check_modal(FORM)
    with pytest.raises(ApiError) as refused:
        check_modal(FORM | change)
    assert refused.value.body["code"] == 50035
