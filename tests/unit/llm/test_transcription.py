"""Recordings through the gateway and the real SDK, heard by the fake provider."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from bot.domain.media import Sound, TranscriptionRequest
from bot.errors import (
    BrokenStream,
    FormatRefused,
    KeyRefused,
    ModelError,
    NotConfigured,
    OutOfQuota,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    UnknownModel,
)
from bot.llm import transcription
from bot.llm.demo import Demo
from bot.llm.gateway import Gateway
from bot.llm.providers import Provider
from bot.llm.transcription import words_of
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_files import tone
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.unit.llm.gateways import KEY, entered

MODEL = "fake/gpt-transcribe"
VOICE = Sound(tone(), "voice.ogg", "audio/ogg", 0.5)


def request(sound: Sound = VOICE, model: str = MODEL, **fields: Any) -> TranscriptionRequest:
    return TranscriptionRequest(model, sound, **fields)


async def failing(gateway: Gateway, asked: TranscriptionRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as failure:
        await gateway.transcribe(asked or request())
    return failure.value


@pytest.mark.parametrize("model", ["gpt-transcribe", "whisper-1"])
async def test_a_recording_is_heard(model: str, fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        words = await gateway.transcribe(request(model=f"fake/{model}", language="de", prompt="Parley, Ada"))
    assert words == "Hello from the recording."
    (seen,) = fake.requests
    hints = {"language": "de", "prompt": "Parley, Ada", "response_format": "json"}
    assert seen["body"] == {"model": model, **hints}
    (file,) = seen["files"]
    assert (file.part, file.name, file.mime, file.data) == ("file", "voice.ogg", "audio/ogg", VOICE.data)


async def test_without_hints(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        await gateway.transcribe(request())
    assert fake.requests[0]["body"] == {"model": "gpt-transcribe", "response_format": "json"}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (MediaScript(words="  Hello. \n"), "Hello."),
        (MediaScript(words="Hello.", plain=True), "Hello."),
        (MediaScript(words=""), ""),
        (MediaScript(words="", plain=True), ""),
        (MediaScript(words="Größe 日本 🙂", plain=True), "Größe 日本 🙂"),
        (MediaScript(words="<3 I said", plain=True), "<3 I said"),
    ],
)
async def test_answers(script: MediaScript, words: str, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        assert await gateway.transcribe(request()) == words


async def test_azure(fake: OpenAIFake) -> None:
    provider = Provider("azure", fake.azure_url, KEY, azure_api_version="2026-10-01")
    async with Gateway([provider]) as gateway:
        assert await gateway.transcribe(request(model="azure/gpt-transcribe"))
    assert fake.requests[0]["path"] == "/openai/deployments/gpt-transcribe/audio/transcriptions"


async def test_the_operators_parameters(fake: OpenAIFake) -> None:
    options = {"fake": {"top_p": 0.5}, MODEL: {"temperature": 0.2, "prompt": None}}
    async with entered(fake, options=options) as gateway:
        await gateway.transcribe(request(prompt="Parley"))
    expected = {"model": "gpt-transcribe", "response_format": "json", "temperature": "0.2"}
    assert fake.requests[0]["body"] == expected


@pytest.mark.parametrize("refused", ["language", "prompt", "response_format"])
async def test_refused_parameters_are_left_out_and_remembered(refused: str) -> None:
    model = FakeModel("gpt-transcribe", capability="transcription", refuses=frozenset({refused}))
    asked = request(language="de", prompt="Parley")
    async with OpenAIFake(models=[model]) as fake, entered(fake) as gateway:
        for _ in range(2):
            assert await gateway.transcribe(asked) == "Hello from the recording."
        assert [refused in seen["body"] for seen in fake.requests] == [True, False, False]
        assert len(fake.requests[1]["body"]) == 3
        assert fake.requests[1]["files"] == fake.requests[0]["files"]


async def test_a_language_that_the_model_does_not_know_is_left_out(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        for language in ("klingon", "klingon", "de"):
            assert await gateway.transcribe(request(language=language)) == "Hello from the recording."
    assert [seen["body"].get("language") for seen in fake.requests] == ["klingon", None, None, "de"]


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (Sound(tone(), "voice.oga", "audio/ogg"), FormatRefused),
        (Sound(tone(), "voice.opus", "audio/opus"), FormatRefused),
        (Sound(tone(), "upload", "audio/ogg"), FormatRefused),
        (Sound(tone("mp3"), "voice.ogg", "audio/ogg"), FormatRefused),
        (Sound(b"", "voice.ogg", "audio/ogg"), RequestRefused),
        (Sound(bytes(25 * 1024 * 1024 + 1), "voice.wav", "audio/wav"), RequestRefused),
    ],
)
async def test_recordings_that_are_refused(sound: Sound, expected: type[ModelError], fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        error = await failing(gateway, request(sound, language="de", prompt="Parley"))
    assert (type(error), error.model) == (expected, MODEL)
    assert error.detail
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (MediaScript.unreadable_sound(), FormatRefused),
        (MediaScript.error(400, "could not process file - is it a valid media file?"), FormatRefused),
        (MediaScript.error(415, "Unsupported Media Type"), FormatRefused),
        (MediaScript.error(400, "Audio file is too short. Minimum audio length is 0.1 seconds."), RequestRefused),
        (MediaScript.error(404, "No such model"), UnknownModel),
        (MediaScript.error(401, "Incorrect API key provided: test-key."), KeyRefused),
        (MediaScript.out_of_quota(), OutOfQuota),
        (MediaScript.rate_limited({"Retry-After": "3600"}), RateLimited),
    ],
)
async def test_failures_that_would_come_again(
    script: MediaScript, expected: type[ModelError], fake: OpenAIFake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        error = await failing(gateway)
    assert type(error) is expected
    assert len(fake.requests) == 1
    assert KEY not in str(error)
    assert KEY not in caplog.text


@pytest.mark.fast
@pytest.mark.parametrize(
    "script",
    [
        MediaScript.error(500, "The server had an error"),
        MediaScript.error(503, "Overloaded"),
        MediaScript.rate_limited({"Retry-After": "2"}),
        MediaScript.web_page(),
        MediaScript(body={"error": {"message": "Boom", "type": "server_error"}}),
        MediaScript(body={"transcript": "x"}),
        MediaScript(body=b"{"),
        MediaScript(body=b"\xff\xfe"),
        MediaScript(cut_after=1),
    ],
)
async def test_failures_that_may_pass_are_tried_again(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        assert await gateway.transcribe(request()) == "Hello from the recording."
    assert len(fake.requests) == 2


@pytest.mark.fast
async def test_tries_end(fake: OpenAIFake) -> None:
    fake.media_answers += [MediaScript.error(500, "Boom")] * 4
    async with entered(fake) as gateway:
        assert type(await failing(gateway)) is ProviderDown
    assert len(fake.requests) == 3
    fake.media_answers[:] = [MediaScript.web_page()] * 4
    async with entered(fake) as gateway:
        assert type(await failing(gateway)) is BrokenStream
    assert len(fake.requests) == 5


@pytest.mark.fast(200)
async def test_silence(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(header_delay=1000.0))
    async with entered(fake, silence_timeout=1.0, connect_timeout=100.0) as gateway:
        start = asyncio.get_running_loop().time()
        assert type(await failing(gateway)) is Stalled
        assert asyncio.get_running_loop().time() - start >= transcription.SILENCE
    assert len(fake.requests) == 1


@pytest.mark.parametrize("script", [MediaScript(header_delay=60.0), MediaScript(stall_after=1)])
async def test_cancelling_ends_the_request(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake, concurrency=1) as gateway:
        task = asyncio.create_task(gateway.transcribe(request()))
        await fake.until(lambda: fake.running == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await fake.until(lambda: fake.requests[0]["disconnected"])
        assert await gateway.transcribe(request())


async def test_the_limit_of_calls_holds_for_recordings_too(fake: OpenAIFake) -> None:
    fake.media_answers += [MediaScript(header_delay=0.05) for _ in range(5)]
    async with entered(fake, concurrency=2) as gateway:
        await asyncio.gather(*(gateway.transcribe(request()) for _ in range(5)))
    assert fake.most_running == 2


@pytest.mark.parametrize("model", ["nowhere/x", "x", ""])
async def test_models_of_no_provider(model: str, fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        assert type(await failing(gateway, request(model=model))) is NotConfigured


async def test_the_demonstration_hears() -> None:
    async with Gateway([], demo=Demo(pace=0)) as gateway:
        assert "voice.ogg" in await gateway.transcribe(request(model="demo/listener"))


def test_words_that_look_like_an_object() -> None:
    with pytest.raises(BrokenStream):
        words_of(MODEL, b'{"text": 5}')


async def test_an_answer_without_end(fake: OpenAIFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcription, "_MOST", 100)
    fake.media_answers += [MediaScript(words="x" * 200)] * 2
    async with entered(fake) as gateway:
        assert "more than" in (await failing(gateway)).detail
