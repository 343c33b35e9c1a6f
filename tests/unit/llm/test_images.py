"""Pictures through the gateway and the real SDK, made by the fake provider."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from bot.domain.media import ImageEvent, ImageRequest, Painted, Picture, Sketched
from bot.domain.usage import Usage
from bot.errors import (
    BrokenStream,
    ContentFiltered,
    EmptyAnswer,
    FileTooLarge,
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
from bot.llm import images, picture_answers
from bot.llm.demo import Demo
from bot.llm.gateway import Gateway
from bot.llm.images import FetchUrl
from bot.llm.providers import Provider, Quirks
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_files import picture, picture_kind
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_rules import FakeModel
from tests.unit.llm.gateways import KEY, entered

MODEL = "fake/gpt-image-2"
BY_ADDRESS = "fake/dall-e-3"
SMALL = picture("small", 64, 64)
USED = Usage(10, 1056)
"""What the fake's usage tells."""
INPUT = Picture(picture("an input", 64, 64), "image/png", 64, 64)
PHOTO = Picture(picture("a photo", 64, 64, "jpeg"), "image/jpeg", 64, 64)


def cat(model: str = MODEL, **fields: Any) -> ImageRequest:
    return ImageRequest(model, "a cat", **fields)


async def paint(gateway: Gateway, request: ImageRequest | None = None) -> list[ImageEvent]:
    async with aclosing(gateway.paint(request or cat())) as events:
        return [event async for event in events]


async def failing(gateway: Gateway, request: ImageRequest | None = None) -> tuple[list[ImageEvent], ModelError]:
    seen: list[ImageEvent] = []
    try:
        async with aclosing(gateway.paint(request or cat())) as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401 what was seen before the error counts too
    except ModelError as error:
        return seen, error
    raise AssertionError(f"no error came after {seen}")


def kinds(events: Sequence[ImageEvent]) -> list[str]:
    return [event.kind for event in events]


def asked(fake: OpenAIFake) -> list[dict[str, Any]]:
    return [seen["body"] for seen in fake.requests]


def from_files(data: bytes = SMALL, seen: list[tuple[str, int]] | None = None) -> FetchUrl:
    async def fetch(url: str, limit: int) -> bytes:
        if seen is not None:
            seen.append((url, limit))
        return data

    return fetch


async def test_a_picture_grows(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        events = await paint(gateway, cat(size="1536x1024", quality="low"))
    assert kinds(events) == ["sketched", "sketched", "painted"]
    assert len({event.data for event in events}) == 3
    assert all(picture_kind(event.data) == "png" for event in events)
    wanted = {"size": "1536x1024", "quality": "low", "stream": True, "partial_images": 2}
    assert asked(fake) == [{"model": "gpt-image-2", "prompt": "a cat", **wanted}]


async def test_several_pictures_are_not_streamed(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        events = await paint(gateway, cat(count=3))
    assert kinds(events) == ["painted"] * 3
    assert asked(fake) == [{"model": "gpt-image-2", "prompt": "a cat", "n": 3}]


async def test_other_models_are_asked_for_base64(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        assert kinds(await paint(gateway, cat(BY_ADDRESS))) == ["painted"]
    assert asked(fake) == [{"model": "dall-e-3", "prompt": "a cat", "response_format": "b64_json"}]


async def test_pictures_by_address_are_fetched(fake: OpenAIFake) -> None:
    fetched: list[tuple[str, int]] = []
    fake.media_answers.append(MediaScript(as_url=True))
    async with entered(fake, fetch=from_files(seen=fetched)) as gateway:
        assert await paint(gateway, cat(BY_ADDRESS, count=2)) == [Painted(SMALL), Painted(SMALL)]
    origin = fake.url.removesuffix("/v1")
    assert sorted(fetched) == [(f"{origin}/files/{n}.png", picture_answers.PICTURE_BYTES) for n in range(2)]


async def test_an_address_that_cannot_be_fetched(fake: OpenAIFake) -> None:
    async def refuse(url: str, limit: int) -> bytes:
        if url.endswith(("/0.png", "/2.png")):
            raise FileTooLarge(limit)
        return SMALL

    fake.media_answers += [MediaScript(as_url=True), MediaScript(as_url=True), MediaScript(as_url=True)]
    async with entered(fake, fetch=refuse) as gateway:
        assert await paint(gateway, cat(BY_ADDRESS, count=2)) == [Painted(SMALL)]
        _, error = await failing(gateway, cat(BY_ADDRESS))
    assert type(error) is BrokenStream
    async with entered(fake) as gateway:
        _, error = await failing(gateway, cat(BY_ADDRESS))
    assert type(error) is BrokenStream
    assert len(fake.requests) == 3


async def test_data_uris(fake: OpenAIFake) -> None:
    uri = "data:image/png;base64," + base64.b64encode(SMALL).decode()
    fake.media_answers += [MediaScript(body={"data": [{"url": uri}]}), MediaScript(body={"data": [{"b64_json": uri}]})]
    async with entered(fake) as gateway:
        assert await paint(gateway) == [Painted(SMALL)]
        assert await paint(gateway) == [Painted(SMALL)]


async def test_a_server_that_ignores_stream(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(pictures=[SMALL], ignores_stream=True))
    async with entered(fake) as gateway:
        assert await paint(gateway) == [Painted(SMALL, USED)]


@pytest.mark.parametrize("usage", [None, [], {"input_tokens": 0}, {"input_tokens_details": {"image_tokens": "4"}}])
async def test_usage_that_tells_nothing(fake: OpenAIFake, usage: object) -> None:
    rows = [{"b64_json": base64.b64encode(SMALL).decode()}] * 2
    told = {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"image_tokens": 4}}
    fake.media_answers += [MediaScript(body={"data": rows, "usage": each}) for each in (usage, told)]
    async with entered(fake) as gateway:
        assert await paint(gateway, cat(count=2)) == [Painted(SMALL), Painted(SMALL)]
        assert await paint(gateway, cat(count=2)) == [Painted(SMALL, Usage(7, 3, image_tokens=4)), Painted(SMALL)]


async def test_a_stream_without_sketches(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(pictures=[SMALL], sketches=[], insert={1: b"data: [DONE]\n\n"}))
    async with entered(fake) as gateway:
        assert await paint(gateway) == [Painted(SMALL, USED)]


async def test_a_stream_that_stays_open_after_the_picture_is_not_waited_for(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(pictures=[SMALL], stall_after=3))
    async with entered(fake) as gateway, asyncio.timeout(10):
        assert kinds(await paint(gateway)) == ["sketched", "sketched", "painted"]


async def test_pictures_are_changed(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        assert kinds(await paint(gateway, cat(pictures=(INPUT,)))) == ["sketched", "sketched", "painted"]
        assert kinds(await paint(gateway, cat(pictures=(INPUT, PHOTO), count=2))) == ["painted"] * 2
    first, second = fake.calls("images/edits")
    assert first["body"] == {"model": "gpt-image-2", "prompt": "a cat", "stream": "true", "partial_images": "2"}
    assert [(file.part, file.name, file.mime) for file in first["files"]] == [("image", "picture.png", "image/png")]
    assert second["body"] == {"model": "gpt-image-2", "prompt": "a cat", "n": "2"}
    assert [(file.part, file.name, file.mime, file.data) for file in second["files"]] == [
        ("image[]", "picture-1.png", "image/png", INPUT.data),
        ("image[]", "picture-2.jpg", "image/jpeg", PHOTO.data),
    ]


async def test_azure(fake: OpenAIFake) -> None:
    provider = Provider("azure", fake.azure_url, KEY, azure_api_version="2026-10-01")
    async with Gateway([provider]) as gateway:
        await paint(gateway, cat("azure/gpt-image-2"))
        await paint(gateway, cat("azure/gpt-image-2", pictures=(INPUT,)))
    paths = [seen["path"] for seen in fake.requests]
    assert paths == [f"/openai/deployments/gpt-image-2/images/{kind}" for kind in ("generations", "edits")]


async def test_the_person_and_the_operators_parameters(fake: OpenAIFake) -> None:
    options = {"fake": {"temperature": 0.5}, MODEL: {"moderation": "low", "partial_images": 1, "quality": None}}
    async with entered(fake, quirks=Quirks(person="safety_identifier"), options=options) as gateway:
        assert kinds(await paint(gateway, cat(person="hash", quality="high"))) == ["sketched", "painted"]
    more = {"moderation": "low", "partial_images": 1, "stream": True, "safety_identifier": "hash"}
    assert asked(fake) == [{"model": "gpt-image-2", "prompt": "a cat", **more}]


@pytest.mark.parametrize("refused", ["size", "quality", "stream", "partial_images", "response_format", "user"])
async def test_refused_parameters_are_left_out_and_remembered(refused: str) -> None:
    name = "dall-e-3" if refused == "response_format" else "gpt-image-2"
    model = FakeModel(name, capability="image", refuses=frozenset({refused}))
    request = cat(f"fake/{name}", size="1024x1024", quality="auto", person="hash")
    fetch = from_files()
    async with OpenAIFake(models=[model]) as fake, entered(fake, quirks=Quirks(person="user"), fetch=fetch) as gateway:
        assert kinds(await paint(gateway, request))[-1] == "painted"
        await paint(gateway, request)
        assert len(fake.requests) == 3
        assert refused in asked(fake)[0]
        assert refused not in asked(fake)[1]
        assert asked(fake)[1] == asked(fake)[2]
        assert ("stream" in asked(fake)[1]) == ("partial_images" in asked(fake)[1])


async def test_a_model_that_does_not_stream_says_so_in_words(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript.error(400, "Streaming is not supported for this model."))
    async with entered(fake) as gateway:
        assert kinds(await paint(gateway)) == ["painted"]
    assert asked(fake)[1] == {"model": "gpt-image-2", "prompt": "a cat"}


@pytest.mark.parametrize(
    "refusal",
    [
        MediaScript.error(400, "Unknown parameter: 'n'.", "unknown_parameter", "n"),
        MediaScript.error(400, "You must provide n=1 for this model.", "invalid_value"),
        MediaScript.error(400, "Invalid value", "invalid_value", "n"),
    ],
)
async def test_a_model_that_makes_one_picture_a_call(refusal: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers += [refusal, *(MediaScript(header_delay=0.1) for _ in range(3))]
    async with entered(fake) as gateway:
        assert kinds(await paint(gateway, cat(count=3))) == ["painted"] * 3
        assert fake.most_running == 3
        assert kinds(await paint(gateway, cat(count=2))) == ["painted"] * 2
    assert [body.get("n") for body in asked(fake)] == [3, *[None] * 5]
    assert not any("stream" in body for body in asked(fake))


async def test_of_several_calls_those_that_work_count(fake: OpenAIFake) -> None:
    fake.media_answers += [
        MediaScript.error(400, "Unknown parameter: 'n'.", "unknown_parameter", "n"),
        MediaScript.moderated(),
        MediaScript(pictures=[SMALL]),
    ]
    async with entered(fake, concurrency=1) as gateway:
        assert await paint(gateway, cat(count=2)) == [Painted(SMALL, USED)]
        assert fake.most_running == 1
        fake.media_answers += [MediaScript.moderated(), MediaScript.moderated()]
        _, error = await failing(gateway, cat(count=2))
    assert type(error) is ContentFiltered


async def test_a_refused_value_is_not_repaired(fake: OpenAIFake) -> None:
    message = "Size 3840x2160 is not supported with this model."
    fake.media_answers.append(MediaScript.error(400, message, "invalid_value", "size"))
    async with entered(fake) as gateway:
        _, error = await failing(gateway, cat(size="3840x2160"))
        assert (type(error), error.detail) == (RequestRefused, message)
        await paint(gateway, cat(size="1024x1024"))
    assert [body["size"] for body in asked(fake)] == ["3840x2160", "1024x1024"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (MediaScript.moderated(), ContentFiltered),
        (MediaScript.error(400, "Rejected by our safety system.", "content_policy_violation"), ContentFiltered),
        (MediaScript.error(400, "Invalid image file or mode for image 1.", "invalid_image_file"), FormatRefused),
        (MediaScript.error(400, "'prompt': string too long.", "string_above_max_length"), RequestRefused),
        (MediaScript.error(413, "Too large."), RequestRefused),
        (MediaScript.error(404, "No such model"), UnknownModel),
        (MediaScript.error(401, "Incorrect API key provided: test-key."), KeyRefused),
        (MediaScript.out_of_quota(), OutOfQuota),
        (MediaScript.rate_limited({"Retry-After": "3600"}), RateLimited),
        (MediaScript.error(500, "The server had an error"), ProviderDown),
        (MediaScript.error(502, "Bad gateway"), ProviderDown),
        (MediaScript.web_page(), BrokenStream),
        (MediaScript(body={"data": []}), EmptyAnswer),
        (MediaScript(body={"data": [{"revised_prompt": "a cat"}, None]}), EmptyAnswer),
        (MediaScript(body={"data": [{"b64_json": "!"}]}), BrokenStream),
        (MediaScript(body={"data": [{"url": "data:image/png;base64,"}]}), BrokenStream),
        (MediaScript(body={"data": "nothing"}), BrokenStream),
        (MediaScript(body={"error": {"message": "Boom", "type": "server_error"}}), ProviderDown),
        (MediaScript(body="{"), BrokenStream),
        (MediaScript(body=b""), EmptyAnswer),
        (MediaScript(pictures=[], sketches=[]), EmptyAnswer),
        (MediaScript(pictures=[], sketches=[], insert={0: b"data: [DONE]\n\n"}), EmptyAnswer),
        (MediaScript(sketches=[], insert={0: b"data: {\n\n"}), BrokenStream),
        (MediaScript(sketches=[], insert={0: b'data: {"type":"error","message":"Boom"}\n\n'}), BrokenStream),
        (MediaScript(sketches=[], insert={0: b'event: error\ndata: {"message":"Overloaded"}\n\n'}), ProviderDown),
        (MediaScript(cut_after=0), BrokenStream),
        (MediaScript(cut_after=0, ignores_stream=True), BrokenStream),
    ],
)
async def test_failures_that_may_have_cost_money_are_not_repeated(
    script: MediaScript, expected: type[ModelError], fake: OpenAIFake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        seen, error = await failing(gateway)
    assert (seen, type(error), error.model) == ([], expected, MODEL)
    assert len(fake.requests) == 1
    assert KEY not in str(error)
    assert KEY not in caplog.text


@pytest.mark.parametrize("script", [MediaScript(cut_after=1), MediaScript(end_after=1), MediaScript(pictures=[])])
async def test_a_break_after_a_sketch(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake) as gateway:
        seen, error = await failing(gateway)
    assert set(kinds(seen)) == {"sketched"}
    assert type(error) is BrokenStream
    assert len(fake.requests) == 1


async def test_a_limit_after_a_sketch_is_not_repeated(fake: OpenAIFake) -> None:
    limited = b'data: {"error":{"message":"slow down","code":"rate_limit_exceeded"}}\n\n'
    fake.media_answers.append(MediaScript(insert={1: limited}))
    async with entered(fake) as gateway:
        seen, error = await failing(gateway)
    assert (kinds(seen), type(error)) == (["sketched"], RateLimited)
    assert len(fake.requests) == 1


@pytest.mark.fast
@pytest.mark.parametrize(
    "script", [MediaScript.error(503, "Overloaded"), MediaScript.rate_limited({"Retry-After": "1"})]
)
async def test_what_was_surely_not_begun_is_repeated(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers += [script, script]
    async with entered(fake) as gateway:
        assert kinds(await paint(gateway))[-1] == "painted"
    assert len(fake.requests) == 3


@pytest.mark.fast
async def test_a_provider_that_is_not_there_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with Gateway([Provider("fake", "http://127.0.0.1:9/v1", KEY)], chance=lambda: 0) as gateway:
        _, error = await failing(gateway)
    assert type(error) is ProviderDown
    assert caplog.text.count("media call") == 3


async def test_a_connection_that_breaks_before_the_answer_is_not_tried_again() -> None:
    """The request was sent: the picture may be made and paid."""
    calls = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Gateway([Provider("fake", f"http://127.0.0.1:{port}/v1", KEY)], chance=lambda: 0) as gateway:
            _, error = await failing(gateway)
    assert type(error) is ProviderDown
    assert calls == 1


@pytest.mark.fast(200)
@pytest.mark.parametrize("script", [MediaScript(stall_after=0), MediaScript(header_delay=1000.0)])
async def test_silence(script: MediaScript, fake: OpenAIFake) -> None:
    fake.media_answers.append(script)
    async with entered(fake, silence_timeout=1.0, connect_timeout=100.0) as gateway:
        start = asyncio.get_running_loop().time()
        _, error = await failing(gateway)
        assert asyncio.get_running_loop().time() - start >= images.SILENCE
    assert type(error) is Stalled
    assert len(fake.requests) == 1


@pytest.mark.parametrize("when", ["at once", "after a sketch"])
async def test_closing_ends_the_request(when: str, fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript(stall_after=1, header_delay=60.0 if when == "at once" else 0.0))
    async with entered(fake) as gateway:
        events = gateway.paint(cat())
        first = asyncio.ensure_future(anext(events))
        await fake.until(lambda: fake.running == 1)
        if when == "at once":
            first.cancel()
        else:
            assert isinstance(await first, Sketched)
        await asyncio.wait([first])
        await events.aclose()
        await fake.until(lambda: fake.requests[0]["disconnected"])
        assert not gateway._circuits._running.locked()


async def test_cancelling_ends_calls_side_by_side(fake: OpenAIFake) -> None:
    fake.media_answers.append(MediaScript.error(400, "Unknown parameter: 'n'.", "unknown_parameter", "n"))
    fake.media_answers += [MediaScript(header_delay=60.0), MediaScript(header_delay=60.0)]
    async with entered(fake) as gateway:
        task = asyncio.create_task(paint(gateway, cat(count=2)))
        await fake.until(lambda: fake.running == 2)
        task.cancel()
        await asyncio.wait([task])
        await fake.until(lambda: fake.running == 0)
    assert [seen["disconnected"] for seen in fake.requests] == [False, True, True]


async def test_the_limit_of_calls_holds_for_pictures_too(fake: OpenAIFake) -> None:
    fake.media_answers += [MediaScript(header_delay=0.05) for _ in range(5)]
    async with entered(fake, concurrency=2) as gateway:
        await asyncio.gather(*(paint(gateway) for _ in range(5)))
    assert fake.most_running == 2


def test_a_picture_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_answers, "PICTURE_BYTES", 100)
    body = orjson.dumps({"data": [{"b64_json": base64.b64encode(bytes(200)).decode()}]})
    with pytest.raises(BrokenStream, match="more than"):
        picture_answers.read_whole(MODEL, body)


@pytest.mark.parametrize("data", [b"data: " + b"x" * 200, b"{" + b"x" * 200])
async def test_an_answer_that_is_too_large(data: bytes, fake: OpenAIFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_answers, "ANSWER_BYTES", 100)
    fake.media_answers.append(MediaScript(body=data))
    async with entered(fake) as gateway:
        _, error = await failing(gateway)
    assert (type(error), "more than" in error.detail) == (BrokenStream, True)


@pytest.mark.parametrize("model", ["nowhere/x", "x", ""])
async def test_models_of_no_provider(model: str, fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        _, error = await failing(gateway, cat(model))
    assert type(error) is NotConfigured


async def test_the_demonstration_paints() -> None:
    async with Gateway([], demo=Demo(pace=0)) as gateway:
        assert kinds(await paint(gateway, cat("demo/picture")))[-1] == "painted"
