"""The fake provider keeps OpenAI's rules for pictures, recordings, speech and moderation; the SDK is the judge."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from PIL import Image

from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_files import picture, sound_kind, tone
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel

PNG = picture("an input", 64, 64)
CAT: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a cat"}
SAY: dict[str, Any] = {"model": "gpt-4o-mini-tts", "input": "Hello.", "voice": "alloy"}


@pytest.fixture
async def fake() -> AsyncIterator[OpenAIFake]:
    async with OpenAIFake() as server:
        yield server


@pytest.fixture
async def client(fake: OpenAIFake) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="test-key", base_url=fake.url, max_retries=0) as made:
        yield made


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


async def draw(client: AsyncOpenAI, stream: bool) -> None:
    """Ask for a picture and read all of the answer."""
    if stream:
        async for _ in await client.images.generate(**CAT, stream=True, partial_images=2):
            pass
    else:
        await client.images.generate(**CAT)


async def hear(client: AsyncOpenAI, name: str, data: bytes, **fields: Any) -> Any:
    upload = (name, data, "application/octet-stream")
    return await client.audio.transcriptions.create(**{"model": "gpt-transcribe", "file": upload, **fields})


async def test_pictures_in_base64(client: AsyncOpenAI) -> None:
    made = await client.images.generate(**CAT, n=2, size="1536x1024", quality="low")
    first, second = (base64.b64decode(row.b64_json or "") for row in made.data or [])
    assert first != second
    assert size_of(first) == (1536, 1024)


async def test_pictures_by_address(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    made = await client.images.generate(model="dall-e-3", prompt="a cat", stream=False)
    [row] = made.data or []
    assert row.url
    async with httpx2.AsyncClient() as http:
        answer = await http.get(row.url)
        assert (await http.get(row.url + "x")).status_code == 404
    assert answer.headers["content-type"] == "image/png"
    assert size_of(answer.content) == (1024, 1024)
    inline = await client.images.generate(model="dall-e-3", prompt="a cat", response_format="b64_json")
    assert (inline.data or [])[0].b64_json


@pytest.mark.parametrize("sketches", [0, 2])
async def test_streamed_pictures(sketches: int, client: AsyncOpenAI) -> None:
    events = await client.images.generate(**CAT, stream=True, partial_images=sketches)
    kinds = [event.type async for event in events]
    assert kinds == ["image_generation.partial_image"] * sketches + ["image_generation.completed"]


async def test_edits(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    made = await client.images.edit(**CAT, image=[("a.png", PNG, "image/png"), ("b.png", PNG, "image/png")], n=2)
    assert len(made.data or []) == 2
    events = await client.images.edit(**CAT, image=("a.png", PNG, "image/png"), stream=True, partial_images=1)
    kinds = [event.type async for event in events]
    assert kinds == ["image_edit.partial_image", "image_edit.completed"]
    first, second = fake.calls("images/edits")
    assert first["body"] == {"model": "gpt-image-2", "prompt": "a cat", "n": "2"}
    assert [(file.part, file.name, file.data == PNG) for file in first["files"]] == [
        ("image[]", "a.png", True),
        ("image[]", "b.png", True),
    ]
    assert [file.part for file in second["files"]] == ["image"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": ""}, "missing_required_parameter"),
        ({"prompt": "x" * 32_001}, "string_above_max_length"),
        ({"n": 0}, "invalid_value"),
        ({"n": 11}, "invalid_value"),
        ({"quality": "hd"}, "invalid_value"),
        ({"size": "1000x1000"}, "invalid_value"),
        ({"size": "3840x1024"}, "invalid_value"),
        ({"size": "4096x4096"}, "invalid_value"),
        ({"size": "large"}, "invalid_value"),
        ({"partial_images": 4, "stream": True}, "invalid_value"),
        ({"response_format": "b64_json"}, "unknown_parameter"),
        ({"style": "vivid"}, "unknown_parameter"),
        ({"extra_body": {"colour": "red"}}, "unknown_parameter"),
        ({"model": "dall-e-3", "size": "1536x1024"}, "invalid_value"),
    ],
)
async def test_bad_picture_requests_are_refused(fields: dict[str, Any], code: str, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await client.images.generate(**{**CAT, **fields})
    assert error.value.code == code


@pytest.mark.parametrize("size", ["auto", "1024x1024", "3840x2160", "2160x3840", "1536x512", "64x48"])
async def test_sizes_that_are_taken(size: str, fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.media_answers.append(MediaScript(pictures=[PNG]))
    await client.images.generate(**CAT, size=size)


@pytest.mark.parametrize(
    ("images", "code"),
    [
        ([("a.png", PNG, "application/octet-stream")], "unsupported_file_mimetype"),
        ([("a.png", b"", "image/png")], "invalid_image_file"),
        ([("a.png", PNG, "image/png"), ("b.png", b"<svg/>", "image/png")], "invalid_image_file"),
        ([("a.png", PNG, "image/png")] * 17, "array_above_max_length"),
    ],
)
async def test_bad_inputs_are_refused(images: list[Any], code: str, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await client.images.edit(**CAT, image=images)
    assert error.value.code == code


@pytest.mark.parametrize("name", ["voice.ogg", "voice.OGG"])
async def test_a_recording_is_heard(name: str, fake: OpenAIFake, client: AsyncOpenAI) -> None:
    heard = await hear(client, name, tone(), language="de", prompt="Parley", response_format="json")
    assert heard.text == "Hello from the recording."
    (seen,) = fake.calls("audio/transcriptions")
    asked = {"model": "gpt-transcribe", "language": "de", "prompt": "Parley", "response_format": "json"}
    assert seen["body"] == asked
    assert [(file.part, file.name, file.data == tone()) for file in seen["files"]] == [("file", name, True)]


async def test_transcripts_as_text(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    assert await hear(client, "a.mp3", tone("mp3"), response_format="text") == "Hello from the recording.\n"
    fake.media_answers.append(MediaScript(words="Other words.", plain=True))
    assert await hear(client, "a.flac", tone("flac"), model="whisper-1") == "Other words.\n"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("voice.oga", tone(), "Unsupported file format oga"),
        ("voice.opus", tone(), "Unsupported file format opus"),
        ("upload", tone(), "Unrecognized file format"),
        ("voice.ogg", b"", "is empty"),
        ("voice.ogg", tone("mp3"), "corrupted or unsupported"),
        ("voice.wav", b"RIFF not really", "corrupted or unsupported"),
    ],
)
async def test_bad_recordings_are_refused(name: str, data: bytes, words: str, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        await hear(client, name, data)


async def test_a_nameless_upload_is_refused(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Unrecognized file format"):
        await client.audio.transcriptions.create(model="gpt-transcribe", file=io.BytesIO(tone()))


async def test_a_recording_that_is_too_large(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as error:
        await hear(client, "a.wav", b"\0" * (25 * 1024 * 1024 + 1))
    assert error.value.status_code == 413


@pytest.mark.parametrize("fields", [{"language": "german"}, {"response_format": "srt"}, {"model": "x"}])
async def test_bad_transcription_requests_are_refused(fields: dict[str, Any], client: AsyncOpenAI) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)):
        await hear(client, "voice.ogg", tone(), **fields)


@pytest.mark.parametrize(
    ("kind", "mime", "bytes_"),
    [("opus", "audio/opus", "ogg"), ("mp3", "audio/mpeg", "mp3"), ("wav", "audio/wav", "wav"),
     ("flac", "audio/flac", "flac"), ("aac", "audio/aac", "aac"), ("pcm", "audio/pcm", None)],
)  # fmt: skip
async def test_speech(kind: Any, mime: str, bytes_: str | None, client: AsyncOpenAI) -> None:
    answer = await client.audio.speech.with_raw_response.create(**SAY, response_format=kind)
    assert answer.headers["content-type"] == mime
    assert sound_kind(answer.content) == bytes_


@pytest.mark.parametrize(
    "fields",
    [
        {"input": ""},
        {"input": "x" * 4097},
        {"voice": "nobody"},
        {"response_format": "midi"},
        {"extra_body": {"colour": "red"}},
    ],
)
async def test_bad_speech_requests_are_refused(fields: dict[str, Any], client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.audio.speech.create(**{**SAY, **fields})


async def test_a_model_that_does_not_make_every_format() -> None:
    models = [FakeModel("gpt-4o-mini-tts", capability="speech", formats=("mp3", "wav"))]
    async with OpenAIFake(models=models) as fake, AsyncOpenAI(api_key="test-key", base_url=fake.url) as client:
        with pytest.raises(openai.BadRequestError, match="'mp3', 'wav'"):
            await client.audio.speech.create(**SAY, response_format="opus")
        assert (await client.audio.speech.create(**SAY, response_format="mp3")).content


async def test_verdicts(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    model = "omni-moderation-latest"
    (fine,) = (await client.moderations.create(model=model, input="Hello.")).results
    assert not fine.flagged
    assert not fine.categories.harassment_threatening
    fake.media_answers.append(MediaScript(flags=["harassment/threatening"]))
    both = (await client.moderations.create(model=model, input=["You!", "And you!"])).results
    assert [(each.flagged, each.categories.harassment_threatening) for each in both] == [(True, True)] * 2


@pytest.mark.parametrize(
    "fields", [{"input": []}, {"input": [5]}, {"input": None}, {"input": "Hello.", "extra_body": {"n": 1}}]
)
async def test_bad_moderation_requests_are_refused(fields: dict[str, Any], client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.moderations.create(model="omni-moderation-latest", **fields)


async def test_models_do_what_they_can(client: AsyncOpenAI) -> None:
    hello: list[Any] = [{"role": "user", "content": "hello"}]
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="gpt-image-2", messages=hello)
    with pytest.raises(openai.NotFoundError):
        await client.images.generate(model="test-model", prompt="a cat")
    with pytest.raises(openai.NotFoundError):
        await hear(client, "voice.ogg", tone(), model="gpt-4o-mini-tts")
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="sk-wrong-key").images.generate(**CAT)


async def test_scripts_are_chosen_by_the_call(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.media_answers += [
        MediaScript.error(503, "Down", call="audio/speech"),
        MediaScript.moderated(when=lambda fields: fields.get("prompt") == "a fight"),
        MediaScript.unreadable_sound(call="audio/transcriptions"),
    ]
    assert (await client.images.generate(**CAT)).data
    with pytest.raises(openai.BadRequestError) as moderated:
        await client.images.generate(**{**CAT, "prompt": "a fight"})
    assert moderated.value.code == "moderation_blocked"
    with pytest.raises(openai.InternalServerError):
        await client.audio.speech.create(**SAY)
    with pytest.raises(openai.BadRequestError, match="corrupted"):
        await hear(client, "voice.ogg", tone())
    assert (await hear(client, "voice.ogg", tone())).text
    assert fake.media_answers == []


async def test_a_server_that_ignores_stream_answers_with_json(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.media_answers.append(MediaScript(ignores_stream=True))
    assert [event async for event in await client.images.generate(**CAT, stream=True)] == []


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_is_a_broken_connection(stream: bool, fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.media_answers.append(MediaScript(cut_after=1))
    with pytest.raises(openai.APIConnectionError):
        await draw(client, stream)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_is_seen(stream: bool, fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.media_answers.append(MediaScript(stall_after=1))
    task = asyncio.create_task(draw(client, stream))
    await fake.until(lambda: fake.running == 1)
    await asyncio.sleep(0.05)
    task.cancel()
    await fake.until(lambda: fake.requests[0]["disconnected"])
    await asyncio.wait([task])
    assert fake.running == 0


async def test_azure(fake: OpenAIFake) -> None:
    async with AsyncAzureOpenAI(azure_endpoint=fake.azure_url, api_version="1", api_key="test-key") as client:
        assert (await client.images.generate(**CAT)).data
        assert (await client.images.edit(**CAT, image=("a.png", PNG, "image/png"))).data
        assert (await hear(client, "voice.ogg", tone())).text
        assert (await client.audio.speech.create(**SAY)).content
    assert fake.requests[0]["path"] == "/openai/deployments/gpt-image-2/images/generations"
