"""Circuits over calls that run: who is let through, and what a cancelled call leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import ModelError, ProviderDown
from bot.llm.circuit import FAILURES, FIRST_PAUSE
from bot.llm.circuits import MOST, Circuits

pytestmark = pytest.mark.virtual

MODEL = "fake/test-model"


def made(concurrency: int = 64) -> Circuits:
    return Circuits(concurrency, lambda: 0)


async def fail(circuits: Circuits, model: str = MODEL) -> None:
    """A call that is let through, fails and is given up."""
    error = ProviderDown(model, "boom")
    with pytest.raises(ProviderDown, match="boom"):
        async with circuits.passage(model):
            raise error
    circuits.gave_up(model, error)


async def opened(concurrency: int = 64) -> Circuits:
    circuits = made(concurrency)
    for _ in range(FAILURES):
        await fail(circuits)
    assert circuits.view()[MODEL].state == "open"
    return circuits


@asynccontextmanager
async def refused(circuits: Circuits) -> AsyncIterator[None]:
    with pytest.raises(ProviderDown):
        async with circuits.passage(MODEL):
            raise AssertionError("this call should not be let through")
    yield


async def works(circuits: Circuits) -> None:
    async with circuits.passage(MODEL) as passage:
        passage.worked()


async def hanging(circuits: Circuits) -> asyncio.Task[None]:
    """A call that has been let through and hangs."""
    inside = asyncio.Event()

    async def hang() -> None:
        async with circuits.passage(MODEL):
            inside.set()
            await asyncio.sleep(1000)

    task = asyncio.create_task(hang())
    await inside.wait()
    return task


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_an_open_circuit_refuses_its_model_and_no_other() -> None:
    circuits = await opened()
    async with refused(circuits), circuits.passage("fake/other-model"):
        pass
    assert (circuits.opened, circuits.refused) == (1, 1)


async def test_the_probe_opens_the_way_for_all() -> None:
    circuits = await opened()
    await asyncio.sleep(FIRST_PAUSE)
    async with circuits.passage(MODEL) as probe:
        async with refused(circuits):
            probe.worked()
        await works(circuits)
    assert circuits.view() == {}


async def test_a_call_that_waits_for_its_turn_is_refused_when_the_circuit_opens_meanwhile() -> None:
    circuits = made(1)
    hang = await hanging(circuits)
    waiting = asyncio.create_task(works(circuits))
    await asyncio.sleep(1)
    for _ in range(FAILURES):
        circuits.gave_up(MODEL, ProviderDown(MODEL))
    async with refused(circuits):  # at once, without a turn
        await cancelled(hang)
    with pytest.raises(ProviderDown):
        await waiting
    async with circuits.passage("fake/other-model"):
        pass


async def test_many_models_that_fail_are_not_remembered_for_ever() -> None:
    circuits = await opened()
    for number in range(2 * MOST):
        await fail(circuits, f"fake/{number}")
    assert len(circuits.view()) == MOST
    await asyncio.sleep(10_000)
    await fail(circuits, "fake/last")
    assert list(circuits.view()) == ["fake/last"]


# The four cancellations.


async def test_cancelled_while_it_waits_for_its_turn() -> None:
    circuits = await opened(1)
    await asyncio.sleep(FIRST_PAUSE)
    async with circuits.passage("fake/other-model"):
        waiting = asyncio.create_task(works(circuits))
        await asyncio.sleep(1)
        await cancelled(waiting)
    await works(circuits)


async def test_a_cancelled_probe_leaves_the_next_one_the_way() -> None:
    circuits = await opened()
    await asyncio.sleep(FIRST_PAUSE)
    await cancelled(await hanging(circuits))
    assert circuits.view()[MODEL].state == "half_open"
    await cancelled(await hanging(circuits))
    await works(circuits)
    assert circuits.view() == {}


async def test_cancelled_after_it_worked() -> None:
    circuits = await opened()
    await asyncio.sleep(FIRST_PAUSE)

    async def speak() -> None:
        async with circuits.passage(MODEL) as passage:
            passage.worked()
            await asyncio.sleep(1000)

    task = asyncio.create_task(speak())
    await asyncio.sleep(1)
    await cancelled(task)
    assert circuits.view() == {}
    await works(circuits)


async def test_a_probe_cancelled_in_a_race_with_others_that_come() -> None:
    circuits = await opened()
    await asyncio.sleep(FIRST_PAUSE)
    hang = await hanging(circuits)
    outcomes: list[str] = []

    async def come(seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            async with circuits.passage(MODEL) as passage:
                await asyncio.sleep(0)
                passage.worked()
                outcomes.append("worked")
        except ModelError:
            outcomes.append("refused")

    coming = [asyncio.create_task(come(seconds)) for seconds in (0, 1, 1, 1, 2)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 1, hang.cancel)
    await asyncio.wait([*coming, hang])
    assert outcomes[0] == "refused"
    assert outcomes[-1] == "worked"
    assert circuits.view() == {}
