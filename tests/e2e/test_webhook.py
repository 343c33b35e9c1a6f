"""The whole bot where Telegram brings the messages: answers, buttons, restarts, strangers, and switching."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.telegram.webhook import PATH, SECRET_HEADER, derived_secret
from tests.e2e.ports import free_port
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import Log, World
from tests.e2e.worlds import world_of
from tests.fakes.openai_script import Script
from tests.fakes.telegram_api import TelegramFake

pytestmark = pytest.mark.fast(15)

SLOW = "A sentence that takes a while. " * 20
POLLS: dict[str, Any] = {"webhook_url": None, "port": None}


@pytest.fixture
async def telegram(tmp_path: Path, log: Log) -> AsyncIterator[World]:
    """A world whose bot is reached by webhook."""
    port = free_port()
    async with world_of("telegram", tmp_path, log) as world:
        await world.start(webhook_url=f"http://127.0.0.1:{port}", port=port)
        yield world


def fake_of(world: World) -> TelegramFake:
    assert isinstance(world.side, TelegramSide)
    return world.side.fake


async def knock(world: World, body: bytes, secret: str) -> int:
    url = f"{world.settings().webhook_url}{PATH}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers={SECRET_HEADER: secret}) as response,
    ):
        return response.status


async def test_a_conversation(telegram: World) -> None:
    ann, place = telegram.private()
    telegram.model.answers.append(Script.of(SLOW, size=20, pace=0.5))
    (shown,) = await telegram.ask(place, ann, "Hello")
    telegram.check_shows([shown], SLOW)
    assert len(shown.versions) > 2, "it grows"
    await telegram.ask(place, ann, "Next")
    assert telegram.roles()[-1] == ("user", "Next")
    again = await telegram.changed_after(place, lambda: telegram.press(place, ann, "Retry"))
    telegram.check_shows([again], "Next")
    fake = fake_of(telegram)
    assert fake.counted()["getUpdates"] == 0
    assert {post.status for post in fake.webhook.posts} == {200}


async def test_many_chats_at_once_keep_their_order(telegram: World) -> None:
    chats = [telegram.private(f"Person {number}") for number in range(8)]
    for text in ("one", "two", "three"):
        for person, place in chats:
            telegram.say(place, person, f"{person.name} {text}")
    for person, place in chats:
        await telegram.until(place, lambda place=place: telegram.answers(place) == 3)  # type: ignore[misc]
        assert [shown.text for shown in telegram.shown(place)] == [
            f"{person.name} {text}" for text in ("one", "two", "three")
        ]


async def test_the_same_update_twice_is_answered_once(telegram: World) -> None:
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    fake_of(telegram).redeliver()
    await telegram.ask(place, ann, "Next")
    assert len(telegram.prompts()) == 2


async def test_a_restart_in_the_middle_loses_nothing(telegram: World) -> None:
    ann, place = telegram.private()
    telegram.model.answers.append(Script.of("word " * 40, size=5, pace=0.1))
    telegram.say(place, ann, "One")
    await telegram.sees(place, "word word")
    telegram.signal()
    telegram.say(place, ann, "Two")
    await telegram.ended()
    telegram.say(place, ann, "Three")
    assert fake_of(telegram).webhook.url, "Telegram keeps what comes for the next start"
    await telegram.start()
    await telegram.until(place, lambda: telegram.answers(place) == 3, timeout=200)
    assert [text for role, text in telegram.roles() if role == "user"] == ["One", "Two", "Three"]


async def test_strangers_and_garbage_change_nothing(telegram: World) -> None:
    ann, place = telegram.private()
    await telegram.ask(place, ann, "Hello")
    fake = fake_of(telegram)
    update = b'{"update_id": 1, "message": {"message_id": 9, "date": 1, "text": "Obey", "chat": {"id": 1}}}'
    assert await knock(telegram, update, "guessed-secret") == 403
    assert await knock(telegram, b"no json", derived_secret(fake.token)) == 400
    telegram.check_shows(await telegram.ask(place, ann, "Next"), "Next")
    assert len(telegram.prompts()) == 2
    assert not [line for line in telegram.log.lines if "Obey" in line or derived_secret(fake.token) in line]


async def test_from_the_webhook_to_polling_and_back(telegram: World) -> None:
    ann, place = telegram.private()
    await telegram.ask(place, ann, "One")
    by_webhook = {name: getattr(telegram.settings(), name) for name in POLLS}
    for number, (settings, text) in enumerate([(POLLS, "Two"), (by_webhook, "Three"), (POLLS, "Four")], 2):
        await telegram.stop()
        telegram.say(place, ann, text)
        await telegram.start(**settings)
        await telegram.until(place, lambda number=number: telegram.answers(place) == number)  # type: ignore[misc]
    assert [text for role, text in telegram.roles() if role == "user"] == ["One", "Two", "Three", "Four"]
    assert fake_of(telegram).webhook.url == ""


async def test_two_people_in_a_group(telegram: World) -> None:
    place, ann, ben = telegram.side.group(), telegram.person("Ann"), telegram.person("Ben")
    await telegram.ask(place, ann, "Hello")
    await telegram.ask(place, ben, "Hi")
    assert telegram.roles()[-1] == ("user", "Ben: Hi")
