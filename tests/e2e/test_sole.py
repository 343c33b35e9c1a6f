"""Two processes with the same token: a rolling deploy starts the new one before the old one has ended."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.sole import sole
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.test_process import Process, ended, environment, running
from tests.e2e.worlds import MODEL_KEY
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.telegram_api import TelegramFake

WAITS = "another Parley process serves this; waiting until it ends"


@pytest.fixture
async def model() -> AsyncIterator[OpenAIFake]:
    async with OpenAIFake(key=MODEL_KEY) as fake:
        yield fake


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSide]:
    async with TelegramFake() as fake:
        yield TelegramSide(fake)


async def waits(process: Process) -> None:
    while WAITS not in process.log.read_text():  # noqa: ASYNC110 (a log has no event)
        await asyncio.sleep(0.02)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """One for each process; the database is in neither."""
    made = tmp_path / "old", tmp_path / "new"
    for folder in made:
        folder.mkdir()
    return made


async def test_the_new_process_answers_when_the_old_one_has_ended(
    folders: tuple[Path, Path], model: OpenAIFake, telegram: TelegramSide
) -> None:
    settings = environment(model, telegram) | {"DATABASE_URL": f"sqlite:///{folders[0].parent}/parley.db"}
    ann = telegram.person("Ann")
    place = telegram.private(ann)
    async with running(folders[0], settings) as old, running(folders[1], settings) as new:
        await old.start()
        telegram.say(place, ann, "One")
        await ended(telegram, place, 1)
        await new.start()
        await waits(new)
        telegram.say(place, ann, "Two")
        await ended(telegram, place, 2)
        assert telegram.fake.counted()["getMe"] == 1, "who waits leaves the platform alone"
        assert await old.end(signal.SIGTERM) == 0
        telegram.say(place, ann, "Three")
        await ended(telegram, place, 3)
        assert await new.end(signal.SIGTERM) == 0
    assert [shown.text for shown in telegram.screen(place).by_bot()] == ["One", "Two", "Three"]


async def test_who_waits_can_be_told_to_end(
    folders: tuple[Path, Path], model: OpenAIFake, telegram: TelegramSide
) -> None:
    url = f"sqlite:///{folders[0].parent}/parley.db"
    bot = f"telegram:{telegram.fake.token.partition(':')[0]}"
    settings = environment(model, telegram) | {"DATABASE_URL": url}
    async with sole(url, bot, pytest.fail), running(folders[1], settings) as new:
        await new.start()
        await waits(new)
        assert await new.end(signal.SIGTERM) == 0
    assert telegram.fake.counted()["getMe"] == 0
