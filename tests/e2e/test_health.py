"""What the running bot tells machines about itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from tests.e2e.ports import free_port
from tests.e2e.telegram_side import TelegramSide
from tests.e2e.world import World
from tests.fakes.faults import Fault
from tests.fakes.loops import patient
from tests.fakes.openai_script import Script

pytestmark = [pytest.mark.fast(15), pytest.mark.not_started]


async def get(world: World, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.settings().port}{path}") as response,
    ):
        return response.status, await response.text()


async def ready(world: World) -> tuple[int, dict[str, Any]]:
    status, body = await get(world, "/readyz")
    return status, json.loads(body)


async def until(world: World, told: Callable[[int, dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask until it tells this; what it tells then."""
    async with asyncio.timeout(patient(100)):
        while True:
            with suppress(aiohttp.ClientConnectionError):
                status, report = await ready(world)
                if told(status, report):
                    return report
            await asyncio.sleep(0.5)


async def test_ready_while_everything_works(world: World) -> None:
    await world.start(port=free_port())
    report = await until(world, lambda status, _: status == 200)
    assert report["phase"] == "serving"
    name = world.side.name
    assert set(report["parts"]) == {name, "database", "models"}
    assert set(report["parts"][name]) == {"ready", "connected", "seconds_since_exchange", "restarts"}
    assert report["parts"][name]["connected"] is True
    assert await get(world, "/healthz") == (200, "alive\n")
    assert "parley_turns_running" in (await get(world, "/metrics"))[1]
    assert (await get(world, "/telegram"))[0] == 404
    ann, place = world.private()
    await world.ask(place, ann, "A private matter")
    assert "private" not in (await get(world, "/readyz"))[1]


async def test_not_ready_any_more_while_the_last_answers_are_written(world: World) -> None:
    await world.start(port=free_port(), drain_seconds=500)
    await until(world, lambda status, _: status == 200)
    ann, place = world.private()
    world.model.answers.append(Script.of("word " * 100, size=5, pace=0.2))
    world.say(place, ann, "Talk for a while")
    await world.sees(place, "word word")
    world.signal()
    report = await until(world, lambda _, report: report["phase"] == "stopping")
    assert report == {"ready": False, "phase": "stopping", "parts": {}}
    assert await get(world, "/healthz") == (200, "alive\n")
    await world.ended()
    assert world.answers(place) == 1
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(world, "/healthz")


async def test_without_a_port_nothing_listens(world: World) -> None:
    await world.start()
    assert world.settings().http_port is None
    assert not [line for line in world.log.lines if line.startswith("bot.http")]


async def test_a_platform_that_cannot_be_reached(telegram: World) -> None:
    assert isinstance(telegram.side, TelegramSide)
    telegram.side.fake.faults.add(Fault("drop_before", "getMe", times=5))
    telegram.launch(port=free_port())
    report = await until(telegram, lambda status, report: status == 503 and report["phase"] == "serving")
    assert report["parts"]["telegram"] == {
        "ready": False, "connected": False, "seconds_since_exchange": None, "restarts": 0,
    }  # fmt: skip
    assert report["parts"]["database"]["ready"] is True
    await until(telegram, lambda status, _: status == 200)
