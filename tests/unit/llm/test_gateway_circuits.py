"""The gateway with the real SDK at providers that are down: nobody waits for them, and they are found again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from bot.domain.events import Started
from bot.domain.media import ImageRequest, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.moderation import ModerationRequest
from bot.errors import ModelError, PromptTooLong, ProviderDown, RateLimited, Stalled
from bot.llm import circuit
from bot.llm.circuit import FAILURES, FIRST_PAUSE, LONGEST_PAUSE
from bot.llm.gateway import Gateway
from bot.replies import failures
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_files import tone
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script
from tests.unit.llm.gateways import entered
from tests.unit.llm.test_gateway import MODEL, OTHER, ask, failing, question, text_of

pytestmark = pytest.mark.fast


def down(fake: OpenAIFake, *models: str) -> None:
    """These models answer with an error from now on, or all with what was asked."""

    def respond(body: dict[str, str]) -> Script:
        return Script.error(500, "Boom") if body["model"] in models else Script(["Hello"])

    fake.respond = respond


@pytest.fixture
def long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """So long that it cannot be over before a slow machine has looked."""
    monkeypatch.setattr(circuit, "FIRST_PAUSE", circuit.LONGEST_PAUSE)


async def opened(gateway: Gateway, model: str = MODEL) -> None:
    for _ in range(FAILURES):
        await failing(gateway, question(model=model))
    assert gateway.circuits()[model].state != "closed"


@pytest.mark.usefixtures("long_pause")
async def test_a_provider_that_is_down_is_left_alone(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    async with entered(fake) as gateway:
        await opened(gateway)
        asked = len(fake.requests)
        assert asked == 3 * FAILURES
        seen, error = await failing(gateway)
        assert (seen, type(error), error.model) == ([], ProviderDown, MODEL)
        assert error.retry_after is not None
        assert 0 < error.retry_after <= LONGEST_PAUSE
        assert "cannot be reached right now. Try again in " in failures.for_model_error(error)
        assert len(fake.requests) == asked
        assert text_of(await ask(gateway, question(model=OTHER))) == "Hello"
        assert (gateway.circuits_opened, gateway.circuits_refused) == (1, 1)


@pytest.mark.usefixtures("long_pause")
async def test_the_fallback_answers_at_once(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        for _ in range(FAILURES):
            assert text_of(await ask(gateway)) == "Hello"
        fake.requests.clear()
        for _ in range(5):
            events = await ask(gateway)
            assert (events[0], text_of(events)) == (Started(OTHER), "Hello")
    assert [body["model"] for body in fake.bodies] == ["other-model"] * 5


async def test_one_probe_finds_it_again(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        for _ in range(FAILURES):
            await ask(gateway)
        fake.requests.clear()
        await asyncio.sleep(FIRST_PAUSE)
        fake.respond = lambda body: Script(["Hel", "lo"], pace=0.5, first_delay=5.0)
        answers = await asyncio.gather(*(ask(gateway) for _ in range(5)))
        assert sorted(body["model"] for body in fake.bodies) == ["other-model"] * 4 + ["test-model"]
        assert [text_of(events) for events in answers] == ["Hello"] * 5
        assert gateway.circuits() == {}
        fake.requests.clear()
        await asyncio.gather(*(ask(gateway) for _ in range(5)))
        assert {body["model"] for body in fake.bodies} == {"test-model"}


async def test_a_probe_that_fails_is_one_request_and_opens_it_again(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    async with entered(fake) as gateway:
        await opened(gateway)
        await asyncio.sleep(FIRST_PAUSE)
        fake.requests.clear()
        _, error = await failing(gateway)
        assert (type(error), error.retry_after, len(fake.requests)) == (ProviderDown, None, 1)
        assert gateway.circuits_opened == 2


async def test_a_stopped_probe_does_not_close_the_way(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    async with entered(fake) as gateway:
        await opened(gateway)
        await asyncio.sleep(FIRST_PAUSE)
        fake.answers.append(Script(["x"], header_delay=1000))
        async with aclosing(gateway.stream(question())) as events:
            probe = asyncio.ensure_future(anext(events))
            await fake.until(lambda: fake.running == 1)
            assert type((await failing(gateway))[1]) is ProviderDown
            probe.cancel()
            await asyncio.wait([probe])
        fake.respond = lambda body: Script(["Hello"])
        assert text_of(await ask(gateway)) == "Hello"


async def test_when_all_models_are_left_alone_people_learn_until_when_one_is_tried(fake: OpenAIFake) -> None:
    asked = {"test-model": "800", "other-model": "400"}
    fake.respond = lambda body: Script.rate_limited({"Retry-After": asked[body["model"]]})
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        await opened(gateway)
        fake.requests.clear()
        _, error = await failing(gateway)
        assert (type(error), error.model, fake.requests) == (RateLimited, MODEL, [])
        assert error.retry_after is not None
        assert error.retry_after <= 400


@pytest.mark.usefixtures("long_pause")
async def test_a_call_that_fails_when_the_circuit_is_open_is_not_tried_again(fake: OpenAIFake) -> None:
    down(fake, "test-model")
    fake.answers.append(Script.error(500, "Boom", header_delay=30.0))
    async with entered(fake) as gateway:
        late = asyncio.create_task(failing(gateway, question("late")))
        await fake.until(lambda: fake.running == 1)
        await opened(gateway)
        assert type((await late)[1]) is ProviderDown
    assert sum(body["messages"][-1]["content"] == "late" for body in fake.bodies) == 1


@pytest.mark.usefixtures("long_pause")
async def test_a_model_that_stalls(fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script(["x"], stall_after=0)
    async with entered(fake, silence_timeout=3.0) as gateway:
        await opened(gateway)
        fake.requests.clear()
        _, error = await failing(gateway)
    assert (type(error), fake.requests) == (Stalled, [])
    assert "keeps falling silent" in failures.for_model_error(error)


async def test_a_pause_that_the_provider_asks_for_is_kept(fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script.rate_limited({"Retry-After": "600"})
    async with entered(fake) as gateway:
        await opened(gateway)
        assert LONGEST_PAUSE < gateway.circuits()[MODEL].wait <= 600
        _, error = await failing(gateway)
    assert type(error) is RateLimited
    assert len(fake.requests) == FAILURES


async def test_what_people_ask_for_wrongly_harms_nobody_else(fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script.error(400, "Too long.", "context_length_exceeded")
    async with entered(fake) as gateway:
        for _ in range(2 * FAILURES):
            assert type((await failing(gateway))[1]) is PromptTooLong
        assert gateway.circuits() == {}


SOUND = Sound(tone(), "voice.ogg", "audio/ogg", 1.0)


async def media(gateway: Gateway, what: str) -> None:
    match what:
        case "transcription":
            await gateway.transcribe(TranscriptionRequest("fake/gpt-transcribe", SOUND))
        case "speech":
            await gateway.speak(SpeechRequest("fake/gpt-4o-mini-tts", "Hello"))
        case "moderation":
            await gateway.moderate(ModerationRequest("fake/omni-moderation-latest", "Hello"))
        case _:
            async with aclosing(gateway.paint(ImageRequest("fake/gpt-image-2", "a cat"))) as events:
                assert [event async for event in events]


@pytest.mark.parametrize("what", ["transcription", "speech", "moderation", "image"])
@pytest.mark.usefixtures("long_pause")
async def test_media_calls_have_circuits_too(what: str, fake: OpenAIFake) -> None:
    fake.media_answers += [MediaScript.error(503, "Overloaded") for _ in range(3 * FAILURES)]
    async with entered(fake) as gateway:
        for _ in range(FAILURES):
            with pytest.raises(ProviderDown):
                await media(gateway, what)
        assert not fake.media_answers
        asked = len(fake.requests)
        with pytest.raises(ProviderDown) as caught:
            await media(gateway, what)
        assert len(fake.requests) == asked
        assert text_of(await ask(gateway)) == "hi"
    assert "right now. Try again in " in spoken(what, caught.value)


@pytest.mark.parametrize("what", ["transcription", "image"])
async def test_media_models_are_found_again(what: str, fake: OpenAIFake) -> None:
    fake.media_answers += [MediaScript.error(503, "Overloaded") for _ in range(3 * FAILURES)]
    async with entered(fake) as gateway:
        for _ in range(FAILURES):
            with pytest.raises(ProviderDown):
                await media(gateway, what)
        await asyncio.sleep(FIRST_PAUSE)
        await media(gateway, what)
        assert gateway.circuits() == {}


def spoken(what: str, error: ModelError) -> str:
    match what:
        case "transcription":
            return failures.for_recording_error(error)
        case "speech":
            return failures.for_speech_error(error)
        case "image":
            return failures.for_image_error(error)
        case _:
            return failures.for_model_error(error)
