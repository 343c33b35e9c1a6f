"""Speech through the gateway and the real SDK, made by the fake provider."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from bot.domain.media import SpeechRequest
from bot.errors import (
    BrokenStream,
    EmptyAnswer,
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
from bot.llm import speech
from bot.llm.demo import Demo
from bot.llm.gateway import Gateway
from bot.llm.providers import Provider
from bot.llm.speech import sound_of
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_files import tone
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.unit.llm.gateways import KEY, entered

MODEL = "fake/gpt-4o-mini-tts"


def request(text: str = "Hello.", model: str = MODEL, **fields: Any) -> SpeechRequest:
    return SpeechRequest(model, text, **fields)


async def failing(gateway: Gateway, asked: SpeechRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as failure:
        await gateway.speak(asked or request())
    return failure.value


async def test_a_text_is_spoken(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        sound = await gateway.speak(request())
        await gateway.speak(request(voice="nova"))
    assert (sound.name, sound.mime, sound.data) == ("speech.ogg", "audio/ogg", tone("opus"))
    bodies = [seen["body"] for seen in fake.requests]
    same = {"model": "gpt-4o-mini-tts", "input": "Hello.", "response_format": "opus"}
    assert bodies == [{**same, "voice": "alloy"}, {**same, "voice": "nova"}]


async def test_azure(fake: OpenAIFake) -> None:
    provider = Provider("azure", fake.azure_url, KEY, azure_api_version="2026-10-01")
    async with Gateway([provider]) as gateway:
        assert (await gateway.speak(request(model="azure/gpt-4o-mini-tts"))).name == "speech.ogg"
    assert fake.requests[0]["path"] == "/openai/deployments/gpt-4o-mini-tts/audio/speech"


async def test_the_operators_voice_is_for_those_who_ask_for_none(fake: OpenAIFake) -> None:
    options = {"fake": {"temperature": 0.5}, MODEL: {"voice": "coral", "instructions": "Whisper."}}
    async with entered(fake, options=options) as gateway:
        await gateway.speak(request())
        await gateway.speak(request(voice="nova"))
    bodies = [seen["body"] for seen in fake.requests]
    assert [(body["voice"], body["instructions"]) for body in bodies] == [("coral", "Whisper."), ("nova", "Whisper.")]
    assert "temperature" not in bodies[0]


@pytest.mark.parametrize(
    ("formats", "name", "asked"),
    [
        (("mp3", "wav"), "speech.mp3", ["opus", "mp3", "mp3"]),
        (("wav",), "speech.mp3", ["opus", "mp3", None, None]),  # the fake's own choice
    ],
)
async def test_refused_formats_are_remembered(formats: tuple[str, ...], name: str, asked: list[str | None]) -> None:
    model = FakeModel("gpt-4o-mini-tts", capability="speech", formats=formats)
    async with OpenAIFake(models=[model]) as fake, entered(fake) as gateway:
        for _ in range(2):
            assert (await gateway.speak(request())).name == name
        assert [seen["body"].get("response_format") for seen in fake.requests] == asked


async def test_a_server_that_does_not_know_formats() -> None:
    model = FakeModel("gpt-4o-mini-tts", capability="speech", refuses=frozenset({"response_format"}))
    async with OpenAIFake(models=[model]) as fake, entered(fake) as gateway:
        assert (await gateway.speak(request())).name == "speech.mp3"
        count = len(fake.requests)
        await gateway.speak(request())
        assert len(fake.requests) == count + 1


@pytest.mark.parametrize(
    "refusal",
    [
        MediaScript.error(400, "`response_format` must be one of `[mp3]`"),
        MediaScript.error(422, "Opus is not available for this voice"),
        MediaScript(
            status=422, body={"detail": [{"loc": ["body", "response_format"], "msg": "Input should be 'mp3'"}]}
        ),
    ],
)
async def test_other_ways_to_refuse_a_format(refusal: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(refusal)
    async with entered(fake) as gateway:
        assert (await gateway.speak(request())).name == "speech.mp3"
    assert [seen["body"]["response_format"] for seen in fake.requests] == ["opus", "mp3"]


@pytest.mark.parametrize(
    ("kind", "name", "mime"),
    [
        ("mp3", "speech.mp3", "audio/mpeg"),
        ("wav", "speech.wav", "audio/wav"),
        ("flac", "speech.flac", "audio/flac"),
        ("aac", "speech.aac", "audio/aac"),
    ],
)
async def test_the_bytes_name_the_sound(kind: str, name: str, mime: str, fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(sound=tone(kind), content_type="audio/ogg"))
    async with entered(fake) as gateway:
        sound = await gateway.speak(request())
    assert (sound.name, sound.mime) == (name, mime)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xfb\x90\x64", "speech.mp3"),
        (b"\xff\xf3\x40\xc4", "speech.mp3"),
        (b"\xff\xf1\x50\x80", "speech.aac"),
        (b"\x00\x00\x00\x20ftypM4A ", "speech.m4a"),
        (b"\x1a\x45\xdf\xa3", "speech.webm"),
    ],
)
def test_first_bytes(data: bytes, name: str) -> None:
    assert sound_of(MODEL, data).name == name


@pytest.mark.parametrize("data", [b"<html>", b"[]", b"RIFF\0\0\0\0AVI ", b"\xff", bytes(100), b'{"ok":true}'])
def test_what_is_no_sound(data: bytes) -> None:
    with pytest.raises(BrokenStream):
        sound_of(MODEL, data)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("x" * 4097), RequestRefused),
        (request(""), RequestRefused),
        (request(voice="nobody"), RequestRefused),
        (request(model="fake/test-model"), UnknownModel),
    ],
)
async def test_requests_that_are_refused(asked: SpeechRequest, expected: type[ModelError], fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        error = await failing(gateway, asked)
    assert type(error) is expected
    assert error.detail
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (MediaScript.error(401, "Incorrect API key provided: test-key."), KeyRefused),
        (MediaScript.out_of_quota(), OutOfQuota),
        (MediaScript.rate_limited({"Retry-After": "3600"}), RateLimited),
        (MediaScript(sound=b""), EmptyAnswer),
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
    ("script", "expected"),
    [
        (MediaScript.error(500, "The server had an error"), ProviderDown),
        (MediaScript.rate_limited({"Retry-After": "2"}), RateLimited),
        (MediaScript.web_page(), BrokenStream),
        (MediaScript(body={"error": {"message": "Boom", "type": "server_error"}}), ProviderDown),
        (MediaScript(body={"hello": "there"}), BrokenStream),
        (MediaScript(cut_after=1), BrokenStream),
    ],
)
async def test_failures_that_may_pass_are_tried_again(
    script: MediaScript, expected: type[ModelError], fake: OpenAIFake
) -> None:
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        assert (await gateway.speak(request())).name == "speech.ogg"
        assert len(fake.requests) == 2
        fake.media_answers += [script] * 3
        assert type(await failing(gateway)) is expected


@pytest.mark.fast(200)
async def test_silence(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(stall_after=1))
    async with entered(fake, silence_timeout=1.0, connect_timeout=100.0) as gateway:
        start = asyncio.get_running_loop().time()
        assert type(await failing(gateway)) is Stalled
        assert asyncio.get_running_loop().time() - start >= speech.SILENCE
    assert len(fake.requests) == 1


@pytest.mark.parametrize("script", [MediaScript(header_delay=60.0), MediaScript(stall_after=1)])
async def test_cancelling_ends_the_request(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake, concurrency=1) as gateway:
        task = asyncio.create_task(gateway.speak(request()))
        await fake.until(lambda: fake.running == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await fake.until(lambda: fake.requests[0]["disconnected"])
        assert (await gateway.speak(request())).data


@pytest.mark.parametrize("model", ["nowhere/x", "x", ""])
async def test_models_of_no_provider(model: str, fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        assert type(await failing(gateway, request(model=model))) is NotConfigured


async def test_the_demonstration_plays() -> None:
    async with Gateway([], demo=Demo(pace=0)) as gateway:
        assert (await gateway.speak(request(model="demo/melody"))).data
