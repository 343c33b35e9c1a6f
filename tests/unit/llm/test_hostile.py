"""Providers that send what nobody can want: without end, bottomless, or packed a thousand times smaller than it is.

The error is one that people get a sentence for, and neither memory nor time runs away.
"""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

import orjson
import pytest

from bot.domain.events import Finished, ReplyEvent, TextDelta, ToolCalled, UsageSeen
from bot.domain.media import ImageEvent, ImageRequest, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.moderation import ModerationRequest
from bot.errors import BrokenStream, ModelError, ProviderDown, RateLimited, RequestRefused, Stalled
from bot.llm import bodies, decoder, error_answers, gateway, sse
from bot.llm.decoder import MAX_ANSWER, ReplyDecoder
from bot.llm.endpoint import Endpoint
from bot.llm.errors import from_body, from_status, retry_after
from bot.llm.gateway import Gateway
from bot.llm.images import MOST_SKETCHES
from bot.llm.moderation import verdict_of
from bot.llm.picture_answers import Linked, read_whole
from bot.llm.providers import Provider
from bot.llm.retry import RetryPolicy
from bot.llm.tool_calls import MAX_ARGUMENTS, MAX_CALLS
from bot.replies import notices
from bot.replies.failures import for_model_error
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_hostile import Answer, HostileFake, answer, head
from tests.fakes.openai_media_files import tone
from tests.fakes.openai_media_script import MediaScript
from tests.unit.llm.gateways import KEY, entered
from tests.unit.llm.test_gateway import MODEL, failing, question

MB = 1024 * 1024
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
DEEP_LIST = b"[" * 100_000 + b"]" * 100_000
HALF = rb'{"x":"\ud83d","a":'  # only the slower reader takes it
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def chunk(**delta: object) -> bytes:
    return b"data: " + orjson.dumps({"choices": [{"index": 0, "delta": delta}]}) + b"\n\n"


def once(fake: HostileFake, **fields: float) -> Gateway:
    """A gateway that tries nothing again."""
    provider = Provider("fake", fake.url, KEY)
    return Gateway([provider], policy=RetryPolicy(calls={}), chance=lambda: 0, **fields)  # type: ignore[arg-type]


def told(error: ModelError) -> bool:
    """Whether people get a sentence of their own for it."""
    return for_model_error(error) != notices.UNKNOWN_FAILURE.say()


@contextmanager
def little_memory(most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


ENDLESS: dict[str, Answer] = {
    "a line": answer(head(), b"data: ", then=b"x" * 65536),
    "an event": answer(head(), then=b"data: " + b"x" * 65536 + b"\n"),
    "a comment": answer(head(), then=b": " + b"x" * 65536),
    "a body that is no stream": answer(head(), b'{"x": "', then=b"x" * 65536),
    "a chunk of 50 MB": answer(head(), b"data: ", then=b"x" * 65536, times=800),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_given_up(name: str) -> None:
    async with HostileFake(ENDLESS[name]) as fake, once(fake) as models:
        with little_memory(32 * MB):
            seen, error = await failing(models)
    assert (seen, type(error), told(error)) == ([], BrokenStream, True)
    assert fake.sent < 5 * sse.MAX_EVENT


@pytest.mark.parametrize("part", [b": still there\n\n", b"\n", chunk(content=""), chunk(role="assistant")])
async def test_a_stream_that_says_nothing_for_ever_ends(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MAX_STREAM", MB)
    async with HostileFake(answer(head(), b": hello\n\n", then=part * 500)) as fake, once(fake) as models:
        seen, error = await failing(models)
    assert (seen, type(error)) == ([], BrokenStream)


@pytest.mark.parametrize(
    "data", [DEEP, DEEP_LIST, HALF + DEEP + b"}", b'{"choices":' + DEEP_LIST + b"}", b'{"error":' + DEEP + b"}"]
)
@pytest.mark.parametrize("how", ["chunk", "body", "error", "after text"])
async def test_json_without_bottom(how: str, data: bytes) -> None:
    whole = {
        "chunk": (head(), b"data: " + data + b"\n\n" + END),
        "body": (head(kind="application/json"), data),
        "error": (head(500, "application/json"), data),
        "after text": (head(), chunk(content="Hello"), b"data: " + data + b"\n\n" + END),
    }
    async with HostileFake(answer(*whole[how])) as fake, once(fake) as models:
        seen, error = await failing(models)
    assert [event for event in seen if isinstance(event, TextDelta)] == [TextDelta("Hello")] * (how == "after text")
    assert type(error) is (ProviderDown if how == "error" else BrokenStream)
    assert told(error)


@pytest.mark.parametrize("depth", [100, 900, 1010])
@pytest.mark.parametrize("where", ["code", "error", "message", "tool", "content", "choices", "usage"])
def test_json_as_deep_as_its_reader_takes(where: str, depth: int) -> None:
    nested = b'{"error":' * depth + b"1" + b"}" * depth
    data = {
        "code": b'{"error":{"code":' + nested + b"}}",
        "error": b'{"error":' + nested + b"}",
        "message": b'{"error":{"message":' + nested + b"}}",
        "tool": b'{"choices":[{"delta":{"tool_calls":[{"function":{"name":"x","arguments":' + nested + b"}}]}}]}",
        "content": b'{"choices":[{"delta":{"content":[' + nested + b"]}}]}",
        "choices": b'{"choices":[' + nested + b"]}",
        "usage": b'{"choices":[],"usage":' + nested + b"}",
    }[where]
    reader = ReplyDecoder(MODEL)
    reader.feed(b"data: " + data + b"\n\n")
    reader.close()
    assert reader.failure is not None
    assert told(reader.failure)
    for status in (413, 429, 500):
        assert told(from_status(MODEL, status, orjson.loads(nested), {}))


def said(reader: ReplyDecoder, data: bytes) -> list[ReplyEvent]:
    """All events while this is fed again and again, until the decoder has had enough."""
    events: list[ReplyEvent] = []
    for _ in range(10_000):
        events += reader.feed(data)
        if reader.done:
            return events
    raise AssertionError("it would go on for ever")


@pytest.mark.parametrize("what", ["content", "reasoning_content"])
def test_an_answer_without_end(what: str) -> None:
    reader = ReplyDecoder(MODEL)
    events = said(reader, chunk(**{what: "word " * 1000}))
    assert type(reader.failure) is BrokenStream
    size = sum(len(event.text) for event in events if isinstance(event, TextDelta)) if what == "content" else 0
    assert size <= MAX_ANSWER
    assert bool(size) == (what == "content"), "what was said before stays"


async def test_blanks_without_end() -> None:
    async with HostileFake(answer(head(), then=chunk(content=" \n" * 50))) as fake, once(fake) as models:
        seen, error = await failing(models)
    assert (seen, type(error)) == ([], BrokenStream)
    assert str(gateway.MAX_BLANK) in error.detail


def call(index: int, name: str = "", arguments: str = "", identity: str = "") -> dict[str, object]:
    return {"index": index, "id": identity, "function": {"name": name, "arguments": arguments}}


def test_thousands_of_tool_calls() -> None:
    reader = ReplyDecoder(MODEL)
    with little_memory(16 * MB):
        for number in range(8_000):
            reader.feed(chunk(tool_calls=[call(number, "paint", '{"a":1}'), call(number, "", "x" * 1000)]))
    events = reader.feed(END)
    calls = [event.call for event in events if isinstance(event, ToolCalled)]
    assert len(calls) == MAX_CALLS
    assert calls[-1].arguments == '{"a":1}' + "x" * 1000, "nothing of the later calls got into the last one"


def test_more_calls_than_are_kept_under_one_index() -> None:
    reader = ReplyDecoder(MODEL)
    for _ in range(MAX_CALLS + 3):
        reader.feed(chunk(tool_calls=[call(0, "paint")]))
        reader.feed(chunk(tool_calls=[call(0, "", '{"a":')]))
        reader.feed(chunk(tool_calls=[call(0, "", "1}")]))
    calls = [event.call for event in reader.feed(END) if isinstance(event, ToolCalled)]
    assert [each.arguments for each in calls] == ['{"a":1}'] * MAX_CALLS


def test_pieces_of_one_call_under_ever_new_indexes() -> None:
    reader = ReplyDecoder(MODEL)
    reader.feed(chunk(tool_calls=[call(0, "paint")]))
    with little_memory(4 * MB):
        for number in range(1, 10_000):
            reader.feed(chunk(tool_calls=[call(number, "", "xy")]))
    assert len(reader._calls._by_key) < 10 * MAX_CALLS
    events = reader.feed(END)
    assert [len(event.call.arguments) for event in events if isinstance(event, ToolCalled)] == [2 * 9_999]


def test_arguments_and_names_without_end() -> None:
    reader = ReplyDecoder(MODEL)
    for _ in range(1000):
        reader.feed(chunk(tool_calls=[call(0, "n" * 1000, "", "i" * 1000)]))
        reader.feed(chunk(tool_calls=[call(0, "", "a" * 1000)]))
    (found,) = [event.call for event in reader.feed(END) if isinstance(event, ToolCalled)]
    assert (len(found.arguments), len(found.name) <= 200, len(found.id) <= 200) == (MAX_ARGUMENTS, True, True)


def test_numbers_beyond_measure_are_no_usage() -> None:
    reader = ReplyDecoder(MODEL)
    reader.feed(chunk(content="Hello"))
    usage = {"prompt_tokens": 2**62, "completion_tokens": 7}
    reader.feed(b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\n")
    (seen,) = [event for event in reader.feed(END) if isinstance(event, UsageSeen)]
    assert (seen.usage.prompt_tokens, seen.usage.completion_tokens) == (0, 7)
    assert isinstance(reader.feed(b""), list)


# Errors, headers, lists of models


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_the_body_of_an_error_without_end(status: int) -> None:
    endless = answer(head(status, "application/json"), b'{"error": "', then=b"boom " * 10_000)
    async with HostileFake(endless) as fake, once(fake) as models:
        with little_memory(32 * MB):
            seen, error = await failing(models)
    assert (seen, type(error)) == ([], {400: RequestRefused, 429: RateLimited, 500: ProviderDown}[status])
    assert fake.sent < 16 * error_answers.MOST
    assert len(error.detail) <= 300


async def test_a_redirection_without_end() -> None:
    there = b"HTTP/1.1 307 Over There\r\nLocation: /v1/elsewhere\r\nConnection: close\r\n\r\n"
    async with HostileFake(answer(there, then=b"x" * 65536)) as fake, once(fake) as models:
        with little_memory(64 * MB):
            _, error = await failing(models)
    assert type(error) is ProviderDown


async def test_the_body_of_an_error_is_still_read_when_it_is_compressed() -> None:
    body = gzip.compress(orjson.dumps({"error": {"message": "This never works."}}))
    async with HostileFake(answer(head(400, "application/json", "gzip"), body)) as fake, once(fake) as models:
        _, error = await failing(models)
    assert (type(error), error.detail) == (RequestRefused, "This never works.")


@pytest.mark.fast
async def test_the_body_of_an_error_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_answers, "LONGEST", 5.0)
    drips = answer(head(500, "application/json"), then=b"x", pace=0.5)
    async with HostileFake(drips) as fake, once(fake) as models:
        _, error = await failing(models)
    assert type(error) is ProviderDown


BOMB = gzip.compress(bytes(300 * MB), 9)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("what", ["chat", "transcription", "speech", "moderation", "models"])
async def test_a_bomb(what: str, status: int) -> None:
    async with HostileFake(answer(head(status, "application/json", "gzip"), BOMB)) as fake, once(fake) as models:
        with little_memory(140 * MB):
            error = await refused(models, what, fake)
    assert type(error) is (BrokenStream if status == 200 else ProviderDown)
    assert told(error)


async def refused(models: Gateway, what: str, fake: HostileFake) -> ModelError:
    if what == "chat":
        return (await failing(models))[1]
    if what == "models":
        endpoint = Endpoint(Provider("fake", fake.url, KEY), {}, 5.0, 60.0)
        try:
            await endpoint.models()
        except ModelError as error:
            return error
        finally:
            await endpoint.close()
    try:
        match what:
            case "transcription":
                await models.transcribe(TranscriptionRequest("fake/x", Sound(tone(), "voice.ogg", "audio/ogg", 0.5)))
            case "speech":
                await models.speak(SpeechRequest("fake/x", "Hello"))
            case "moderation":
                await models.moderate(ModerationRequest("fake/x", "Hello"))
            case _:
                async with aclosing(models.paint(ImageRequest("fake/x", "a cat"))) as events:
                    assert [event async for event in events] == []
    except ModelError as error:
        return error
    raise AssertionError("no error came")


@pytest.mark.parametrize(
    "garbage",
    [
        answer(b"HTTP/1.1 200 OK\r\nX-Long: ", then=b"x" * 65536),
        answer(b"HTTP/1.1 200 OK\r\n", then=b"X-Many: x\r\n" * 1000),
        answer(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        answer(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
        answer(head(encoding="gzip"), b"this is not gzip"),
        answer(head(encoding="gzip, gzip, gzip"), b"this is not gzip"),
        answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\nnot a length\r\n"),
        answer(b""),
    ],
    ids=["a header", "headers", "another protocol", "a length", "not gzip", "not gzip thrice", "chunks", "nothing"],
)
@pytest.mark.parametrize("what", ["chat", "transcription", "image", "models"])
async def test_what_is_not_http(what: str, garbage: Answer) -> None:
    async with HostileFake(garbage) as fake, once(fake) as models:
        error = await refused(models, what, fake)
    assert type(error) in (BrokenStream, ProviderDown, Stalled)
    assert told(error)


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": ["x"]}, {"id": 7}, {"id": "n" * 5000}, {"id": None}, {"id": "good", "context_length": -1}],
        [{"id": "good", "context_length": {"a": 1}}, {"id": {}}],
    ],
)
async def test_a_list_of_models_with_strange_rows(rows: list[dict[str, object]]) -> None:
    body = orjson.dumps({"data": rows})
    async with HostileFake(answer(head(kind="application/json"), body)) as fake:
        endpoint = Endpoint(Provider("fake", fake.url, KEY), {}, 5.0, 60.0)
        assert [(info.name, info.context) for info in await endpoint.models()] == [("fake/good", None)]
        await endpoint.close()


@pytest.mark.parametrize("what", ["transcription", "models", "moderation"])
async def test_json_without_bottom_in_other_answers(what: str) -> None:
    async with HostileFake(answer(head(kind="application/json"), DEEP)) as fake, once(fake) as models:
        assert type(await refused(models, what, fake)) is BrokenStream


@pytest.mark.fast
@pytest.mark.parametrize("what", ["transcription", "speech", "moderation", "image"])
async def test_a_body_that_drips_for_ever(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST", 5.0)
    drips = answer(head(kind="application/json"), b'{"x": "', then=b"x", pace=0.5)
    async with HostileFake(drips) as fake, once(fake) as models:
        error = await refused(models, what, fake)
    assert (type(error), told(error)) == (Stalled, True)


@pytest.mark.parametrize("code", ["9" * 5000, "²", "-5", [[1]], {"a": 1}, True, 10**18])
def test_codes_that_are_none(code: object) -> None:
    error = from_body(MODEL, {"code": code, "message": "boom"})
    assert type(error) in (BrokenStream, ProviderDown)


@pytest.mark.parametrize(
    "words",
    ["try again in " + "9" * 5000 + "s", "try again in " + "9" * 5000 + "m1s", "retry after 9" + "." + "9" * 500],
)
def test_waits_beyond_measure(words: str) -> None:
    wait = retry_after({}, words, None)
    assert wait is None or wait < 1e12
    assert told(RateLimited(MODEL, retry_after=wait))


@pytest.mark.parametrize(
    "date", ["Mon, 99999999999999999999 Jan 2020 00:00:00 GMT", "Mon, 01 Jan 99999999999 00:00 GMT"]
)
def test_dates_that_are_none(date: str) -> None:
    assert retry_after({"retry-after": date}, "", None) is None


# Pictures and verdicts


def test_pictures_that_nobody_asked_for_are_not_fetched() -> None:
    rows = [{"url": f"https://example.org/{number}"} for number in range(5000)]
    body = orjson.dumps({"data": rows})
    assert read_whole(MODEL, body, 2) == [Linked("https://example.org/0"), Linked("https://example.org/1")]


async def test_thousands_of_pictures_in_one_answer(fake: OpenAIFake) -> None:
    fetched: list[str] = []

    async def fetch(url: str, _: int) -> bytes:
        fetched.append(url)
        return b"picture"

    rows = [{"url": f"https://example.org/{number}"} for number in range(5000)]
    fake.media_answers.append(MediaScript(body={"data": rows}))
    async with (
        entered(fake, fetch=fetch) as models,
        aclosing(models.paint(ImageRequest("fake/dall-e-3", "x"))) as events,
    ):
        assert len([event async for event in events]) == 1
    assert len(fetched) == 1


async def test_sketches_without_end() -> None:
    event = b'data: {"type":"image_generation.partial_image","b64_json":"AAAA"}\n\n'
    async with HostileFake(answer(head(), then=event)) as fake, once(fake) as models:
        seen: list[ImageEvent] = []

        async def paint() -> None:
            async with aclosing(models.paint(ImageRequest("fake/gpt-image-2", "a cat"))) as events:
                async for event in events:
                    seen.append(event)  # noqa: PERF401 what was seen before the error counts

        with pytest.raises(BrokenStream, match="unfinished"):
            await paint()
    assert len(seen) == MOST_SKETCHES + 1


def test_a_verdict_with_thousands_of_categories() -> None:
    categories = {f"{number} " + "x" * 1000: True for number in range(500)}
    verdict = verdict_of(MODEL, orjson.dumps({"results": [{"flagged": True, "categories": categories}]}), 1)
    assert verdict.flagged
    assert len(", ".join(verdict.categories)) < 2000


async def test_an_honest_answer_passes_all_of_this(fake: OpenAIFake) -> None:
    async with entered(fake) as models, aclosing(models.stream(question("x" * 100_000))) as events:
        found = [event async for event in events]
    assert sum(len(event.text) for event in found if isinstance(event, TextDelta)) == 100_000
    assert found[-1] == Finished("stop")
