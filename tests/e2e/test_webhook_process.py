"""The real program with an HTTP server: as a host starts it, kills it, and asks how it is."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
import orjson

from adapters.telegram.webhook import PATH
from tests.e2e.ports import free_port
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.test_process import ended, environment, model, running, telegram
from tests.fakes.openai_api import OpenAIFake

__all__ = ["model", "telegram"]  # fixtures

SECRET = "chosen-by-an-operator"


def reached(port: int) -> dict[str, str]:
    """The settings of a bot that is reached at this port."""
    return {"PORT": str(port), "WEBHOOK_URL": f"http://127.0.0.1:{port}", "WEBHOOK_SECRET": SECRET}


async def test_a_sudden_death_loses_nothing(tmp_path: Path, model: OpenAIFake, telegram: TelegramSide) -> None:
    fake, port = telegram.fake, free_port()
    ann = telegram.person("Ann")
    place = telegram.private(ann)
    async with running(tmp_path, environment(model, telegram) | reached(port)) as process:
        await process.start()
        await fake.until_called("setWebhook")
        telegram.say(place, ann, "One")
        await ended(telegram, place, 1)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as response,
        ):
            assert response.status == 200
            assert orjson.loads(await response.read())["parts"]["telegram"]["connected"] is True
        assert await process.end(signal.SIGKILL) == -signal.SIGKILL
        telegram.say(place, ann, "Two")
        await process.start()
        await ended(telegram, place, 2)
        assert await process.end(signal.SIGTERM) == 0
    assert fake.webhook.url == f"http://127.0.0.1:{port}{PATH}"
    assert fake.webhook.secret == SECRET
    assert fake.counted()["getUpdates"] == 0
    shown = [shown.text for shown in telegram.screen(place).by_bot()]
    # One that was killed before it knew that its answer had arrived says it again.
    assert list(dict.fromkeys(shown)) == ["One", "Two"]
    assert shown.count("Two") == 1
    log = process.log.read_text()
    for secret in (SECRET, telegram.secret):
        assert secret not in log
    assert "Traceback" not in log


async def test_a_new_process_takes_over_address_and_port(
    tmp_path: Path, model: OpenAIFake, telegram: TelegramSide
) -> None:
    fake, settings = telegram.fake, environment(model, telegram) | reached(free_port())
    ann = telegram.person("Ann")
    place = telegram.private(ann)
    async with running(tmp_path, settings) as old, running(tmp_path, settings) as new:
        await old.start()
        await fake.until_called("setWebhook")
        await new.start()
        telegram.say(place, ann, "One")
        await ended(telegram, place, 1)
        assert await old.end(signal.SIGTERM) == 0
        telegram.say(place, ann, "Two")
        await fake.until_called("setWebhook", 2)
        await ended(telegram, place, 2)
        assert await new.end(signal.SIGTERM) == 0
    assert [shown.text for shown in telegram.screen(place).by_bot()] == ["One", "Two"]
    assert "Traceback" not in new.log.read_text()


async def test_a_port_that_is_taken_is_explained(tmp_path: Path, model: OpenAIFake, telegram: TelegramSide) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with running(tmp_path, environment(model, telegram) | {"PORT": str(port)}) as process:
            started = await process.start()
            await asyncio.wait_for(started.communicate(), 30)
            assert started.returncode == 1
    log = process.log.read_text()
    assert f"parley: PORT: {port} on 127.0.0.1 is taken by another program." in log
    assert "Traceback" not in log
