"""What goes wrong between the bot and the screen: waits, deleted messages, answers that never came back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.side import CallName
from tests.e2e.world import World
from tests.fakes.faults import FaultKind
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast(25)

TEXT = "The answer that has to arrive, whatever happens on its way. " * 10


def slow(text: str = TEXT, first_delay: float = 0.0) -> Script:
    return Script.of(text, size=20, pace=0.06, first_delay=first_delay)


@pytest.mark.parametrize("call", ["send", "edit", "typing"])
async def test_the_platform_asks_to_wait(world: World, call: CallName) -> None:
    """A call inside the wait would count as a flood, which the end of every test looks for."""
    ann, place = world.private()
    ben, bens = world.private("Ben")
    world.model.respond = lambda _: slow(first_delay=1.0)
    world.side.fault("flood", call, place, seconds=40)
    asked = asyncio.create_task(world.ask(place, ann, "Hello"))
    await world.pass_time(0.5)
    world.check_shows(await world.ask(bens, ben, "Hello"), TEXT)
    assert not asked.done(), "another chat must not wait"
    world.check_shows(await asked, TEXT)


async def test_the_platform_asks_to_wait_for_the_last_edit_alone(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(slow())
    world.side.fault("flood", "edit", place, final=True, seconds=5)
    world.check_shows(await world.ask(place, ann, "Hello"), TEXT)


async def test_the_platform_asks_to_wait_again_and_again(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(slow())
    for seconds in (1, 2, 4):
        world.side.fault("flood", "edit", place, skip=1, seconds=seconds)
    world.check_shows(await world.ask(place, ann, "Hello"), TEXT)


async def test_somebody_deletes_the_answer_while_it_grows(world: World) -> None:
    ann, place = world.private()
    world.model.answers.append(slow())
    world.say(place, ann, "Hello")
    await world.sees(place, TEXT[:40])
    world.side.delete(place, world.shown(place)[0].message_id)
    await world.until(place, lambda: world.answers(place) == 1)
    world.check_shows(world.shown(place), TEXT)


async def test_somebody_deletes_the_answer_again_and_again(world: World) -> None:
    """Whoever deletes every message does not want the answer; the bot gives in, and the chat goes on."""
    ann, place = world.private()
    world.model.answers.append(Script.of(TEXT * 2, size=20, pace=0.08))
    world.say(place, ann, "Hello")
    for _ in range(2):
        await world.until(place, lambda: world.shown(place))
        world.side.delete(place, world.shown(place)[0].message_id)
    await world.model.until(lambda: world.model.requests[0]["finished"])
    world.check_shows(await world.ask(place, ann, "Next"), "Next")


FAULTS: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "500": ("status", {"status": 500}),
    "502": ("status", {"status": 502, "body": "<html>Bad Gateway</html>"}),
    "not sent": ("drop_before", {}),
    "sent, then cut": ("drop_after", {}),
    "page": ("garbage", {}),
    "slow": ("stall_after", {"seconds": 2}),
}


@pytest.mark.parametrize(
    ("name", "call"), [*((name, "edit") for name in FAULTS), ("500", "typing"), ("sent, then cut", "typing")]
)
async def test_a_call_that_fails_costs_nothing(world: World, name: str, call: CallName) -> None:
    ann, place = world.private()
    world.expect_error("telegram.request.*invalid JSON")
    kind, fields = FAULTS[name]
    world.side.fault(kind, call, place, **fields)
    world.model.answers.append(slow())
    world.check_shows(await world.ask(place, ann, "Hello"), TEXT)


@pytest.mark.parametrize("name", ["500", "502", "not sent", "page", "slow"])
async def test_a_first_message_that_fails_is_sent_again(world: World, name: str) -> None:
    ann, place = world.private()
    world.expect_error("telegram.request.*invalid JSON")
    kind, fields = FAULTS[name]
    world.side.fault(kind, "send", place, **fields)
    world.model.answers.append(slow())
    world.check_shows(await world.ask(place, ann, "Hello"), TEXT)


async def test_the_last_edit_fails(world: World) -> None:
    ann, place = world.private()
    for kind in ("drop_before", "status"):
        world.side.fault(kind, "edit", place, final=True)
    world.model.answers.append(slow())
    world.check_shows(await world.ask(place, ann, "Hello"), TEXT)


UNKNOWN: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    "cut": ("drop_after", {}),
    "no answer in time": ("stall_after", {"seconds": 22}),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.fast(30)
async def test_nobody_knows_whether_the_first_message_was_sent(world: World, name: str) -> None:
    """Discord tells a repeated message by its nonce. Telegram cannot, so the whole answer comes once more."""
    ann, place = world.private()
    kind, fields = UNKNOWN[name]
    world.side.fault(kind, "send", place, **fields)
    world.model.answers.append(slow())
    messages = await world.ask(place, ann, "Hello")
    if world.side.name == "discord":
        world.check_shows(messages, TEXT)
    else:
        world.check_shows(messages[-1:], TEXT)
        assert len(messages) == 2
        assert TEXT.startswith(messages[0].text)
        world.side.delete(place, messages[0].message_id)  # its Stop button stays: nobody told the bot its id


async def test_the_question_is_deleted_before_it_is_answered(world: World) -> None:
    """Discord tells of it, so that nothing is answered; Telegram does not. Neither shows an answer to it as one."""
    place, ann = world.side.group(), world.person("Ann")
    world.model.answers.append(Script.of("Here you are.", header_delay=2))
    question = world.say(place, ann, "Hello")
    await world.model.until(lambda: world.model.running == 1)
    world.side.delete(place, question)
    await world.until(place, lambda: world.answers(place) == 1)
    world.check_shows(world.shown(place), "Stopped." if world.side.name == "discord" else "Here you are.")
    assert [shown.reply_to for shown in world.shown(place)] == [None]


async def test_a_message_in_the_middle_of_a_long_answer_fails(world: World) -> None:
    ann, place = world.private()
    text = TEXT * 14
    world.side.fault("status", "send", place, skip=1, status=500)
    world.side.fault("flood", "send", place, skip=1, seconds=5)
    world.model.answers.append(Script.of(text, size=200, pace=0.1))
    messages = await world.ask(place, ann, "Hello")
    assert len(messages) >= 3 or world.side.name == "telegram"
    world.check_shows(messages, text)


async def test_waiting_for_a_flood_does_not_hold_up_the_model(world: World) -> None:
    """The model's connection is read at its own pace, however slow the screen is."""
    ann, place = world.private()
    world.model.answers.append(slow())
    world.side.fault("flood", "send", place, seconds=30)
    asked = asyncio.create_task(world.ask(place, ann, "Hello"))
    await world.model.until(lambda: bool(world.model.requests and world.model.requests[0]["finished"]))
    assert world.shown(place) == [], "the model ended while the screen still waits"
    world.check_shows(await asked, TEXT)


@pytest.mark.fast(8)
async def test_the_end_of_an_answer_does_not_wait_for_its_turn(world: World) -> None:
    """Edits leave a call to spare, so that the last one is on screen as soon as the model has ended."""
    place, ann = world.side.group(), world.person("Ann")
    world.model.answers.append(Script.of(TEXT * 2, size=10, pace=0.14))
    asked = asyncio.create_task(world.ask(place, ann, "Hello"))
    await world.model.until(lambda: bool(world.model.requests and world.model.requests[0]["finished"]))
    ended = asyncio.get_running_loop().time()
    (shown,) = await asked
    world.check_shows([shown], TEXT * 2)
    assert shown.versions[-1].at - ended < 1.5


async def test_a_question_during_a_flood_keeps_its_turn(world: World) -> None:
    ann, place = world.private()
    world.side.fault("flood", "send", place, seconds=5)
    world.say(place, ann, "first")
    world.say(place, ann, "second")
    await world.until(place, lambda: world.answers(place) == 2)
    assert [shown.text for shown in world.shown(place)] == ["first", "second"]
    assert [text for _, text in world.roles()] == ["first", "first", "second"]
