"""Who tells the observer what: calls to platforms, tries of models, and what is booked."""

from __future__ import annotations

import pytest

from bot.domain.platform import Limits
from bot.errors import ModelError
from bot.llm.gateway import Gateway
from bot.replies.gate import Gates
from bot.replies.post import Post, Scene
from bot.replies.writer import Reply
from tests.fakes.channel import LIMITS
from tests.fakes.noting import Noting
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script
from tests.unit.llm.gateways import KEY, entered
from tests.unit.llm.test_gateway import ask, failing
from tests.unit.writing import DEDUPES, SENTENCE, channel_with, show


@pytest.mark.virtual
async def test_every_call_to_a_platform(observer: Noting) -> None:
    gates = Gates(observer=observer)
    reply = Reply(channel_with("not-sent", "", "flood"), gates, nonce="n")
    assert reply.first_shown is None
    await show([SENTENCE, 5.0, "And more."], reply)
    assert observer.calls == ["send NotSent", "send ok", "edit RetryLater", "edit ok"]
    assert reply.first_shown is not None


@pytest.mark.virtual
@pytest.mark.parametrize("limits", [LIMITS, DEDUPES], ids=["may be doubled", "found"])
async def test_a_send_that_may_have_worked_and_is_made_again(limits: Limits, observer: Noting) -> None:
    reply = Reply(channel_with("ambiguous", limits=limits), Gates(observer=observer), nonce="n")
    await show([SENTENCE], reply)
    post = Post(channel_with("ambiguous", limits=limits), Gates(observer=observer), nonce="n")
    post.finish(Scene(SENTENCE))
    await post.deliver()
    assert observer.repeats == [limits.dedupes] * 2


@pytest.mark.virtual
async def test_calls_that_wait_and_places_that_are_silent(observer: Noting) -> None:
    gates, channel = Gates(observer=observer), channel_with()
    gates.flooded("place", channel.limits, 30.0)
    assert (gates.quiet(), gates.waiting) == (1, 0)
    ticket = gates.ask("bot", "place", channel.limits, "send", durable=True, earliest=0.0)
    assert (gates.quiet(), gates.waiting) == (1, 1)
    await gates.pass_through(ticket)
    assert (gates.quiet(), gates.waiting) == (0, 0)


async def test_each_try_of_a_model_that_fails(observer: Noting) -> None:
    async with OpenAIFake(key=KEY) as fake:
        fake.answers += [Script.error(401, "Incorrect API key"), Script.of("Hello.")]
        async with entered(fake, observer=observer) as gateway:
            _, error = await failing(gateway)
            await ask(gateway)
    assert isinstance(error, ModelError)
    assert observer.failures == ["KeyRefused"]


async def test_a_model_that_nobody_configured(observer: Noting) -> None:
    async with Gateway([], observer=observer) as gateway:
        await failing(gateway)
    assert observer.failures == ["NotConfigured"]


@pytest.fixture
def observer() -> Noting:
    return Noting()
