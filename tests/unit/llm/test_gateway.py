"""The gateway and the real SDK against the fake provider: streams, retries, fallbacks, time-outs, cancellation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from bot.domain.events import Finished, ReasoningDelta, ReplyEvent, Started, TextDelta, ToolCalled, UsageSeen
from bot.domain.personas import Sampling
from bot.domain.prompts import ChatRequest, ImagePart, ModelInfo, PromptMessage, TextPart, Tool
from bot.domain.usage import Usage
from bot.errors import (
    BrokenStream,
    ContentFiltered,
    EmptyAnswer,
    KeyRefused,
    ModelError,
    NotConfigured,
    OutOfQuota,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    UnknownModel,
)
from bot.llm.gateway import Gateway
from bot.llm.providers import Provider, Quirks
from tests.fakes import openai_script
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import Script
from tests.unit.llm.gateways import KEY, entered

MODEL = "fake/test-model"
OTHER = "fake/other-model"
PLAIN = Quirks()


def question(text: str = "hi", model: str = MODEL, **fields: Any) -> ChatRequest:
    return ChatRequest(model, (PromptMessage("system", "Be kind."), PromptMessage("user", text)), **fields)


async def ask(gateway: Gateway, request: ChatRequest | None = None) -> list[ReplyEvent]:
    async with aclosing(gateway.stream(request or question())) as events:
        return [event async for event in events]


async def failing(gateway: Gateway, request: ChatRequest | None = None) -> tuple[list[ReplyEvent], ModelError]:
    seen: list[ReplyEvent] = []
    try:
        async with aclosing(gateway.stream(request or question())) as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401 what was seen before the error counts too
    except ModelError as error:
        return seen, error
    raise AssertionError(f"no error came after {seen}")


def text_of(events: Sequence[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_an_answer(fake: OpenAIFake) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    fake.answers.append(Script(["Hello", " you"], pace=0.01, usage=usage))
    async with entered(fake) as gateway:
        assert await ask(gateway) == [
            Started(MODEL),
            TextDelta("Hello"),
            TextDelta(" you"),
            UsageSeen(Usage(7, 3)),
            Finished("stop"),
        ]
    assert fake.bodies == [
        {
            "model": "test-model",
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_all_parameters_pass_the_providers_rules(fake: OpenAIFake) -> None:
    sampling = Sampling(0.5, 0.9, 0.1, 0.2, 100, ("END",))
    parts = (TextPart("text", "What is this?"), ImagePart("image", "data:image/png;base64,AA=="))
    request = ChatRequest(MODEL, (PromptMessage("user", parts),), sampling, person="hash")
    options = {"fake": {"seed": 7}, MODEL: {"reasoning_effort": "low"}, OTHER: {"seed": 8}}
    async with entered(fake, quirks=Quirks(person="safety_identifier"), options=options) as gateway:
        assert text_of(await ask(gateway, request)) == "What is this? [image]"
    assert {name: value for name, value in fake.bodies[0].items() if name not in ("messages", "stream")} == {
        "model": "test-model",
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "max_tokens": 100,
        "stop": ["END"],
        "safety_identifier": "hash",
        "seed": 7,
        "reasoning_effort": "low",
    }


async def test_the_environment_does_not_reach_the_client(fake: OpenAIFake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "leaked")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    async with entered(fake) as gateway:
        await ask(gateway)
    assert "leaked" not in fake.requests[0]["headers"].values()
    assert fake.requests[0]["headers"]["authorization"] == f"Bearer {KEY}"


async def test_headers_of_a_provider_are_sent(fake: OpenAIFake) -> None:
    provider = Provider("fake", fake.url, KEY, headers={"X-Title": "Parley"})
    async with Gateway([provider]) as gateway:
        await ask(gateway)
    assert fake.requests[0]["headers"]["x-title"] == "Parley"


async def test_azure(fake: OpenAIFake) -> None:
    provider = Provider("azure", fake.azure_url, KEY, azure_api_version="2026-10-01")
    async with Gateway([provider]) as gateway:
        assert text_of(await ask(gateway, question(model="azure/test-model"))) == "hi"
    assert fake.requests[0]["path"] == "/openai/deployments/test-model/chat/completions"
    assert "authorization" not in fake.requests[0]["headers"]


WHOLE = {
    "slow": Script(["Hel", "lo"], pace=0.02, first_delay=0.02),
    "usage unasked": Script(["Hello"], usage_at="final"),
    "usage with choices": Script(["Hello"], usage_at="with_choices"),
    "usage of Groq": Script(["Hello"], usage_at="x_groq"),
    "no usage": Script(["Hello"], usage_at="none"),
    "no [DONE]": Script(["Hello"], done=False),
    "comments": Script(["Hel", "lo"], insert={0: openai_script.COMMENT * 3, 1: openai_script.COMMENT}),
    "empty choices": Script(["Hel", "lo"], insert={0: openai_script.EMPTY_CHOICES, 2: openai_script.EMPTY_CHOICES}),
    "choices null": Script(["Hel", "lo"], insert={1: openai_script.NULL_CHOICES}),
    "delta null": Script(["Hel", "lo"], insert={1: openai_script.DELTA_NULL}),
    "a second choice": Script(["Hel", "lo"], insert={1: openai_script.SECOND_CHOICE}),
    "parts": Script(["Hel", "lo"], content_parts=True),
    "refusal": Script(["Hel", "lo"], refusal=True),
    "CRLF": Script(["Hel", "lo"], newline=b"\r\n"),
    "CR": Script(["Hel", "lo"], newline=b"\r"),
    "tiny writes": Script(["Hel", "lo"], tiny_writes=True),
    "served as something else": Script(["Hel", "lo"], content_type="text/plain"),
    "blank at first": Script([" ", "\n", "Hello"]),
    "another reason": Script(["Hello"], finish_reason="eos"),
}


@pytest.mark.parametrize("name", WHOLE)
async def test_streams_that_are_whole(name: str, fake: OpenAIFake) -> None:
    fake.answers.append(WHOLE[name])
    async with entered(fake) as gateway:
        events = await ask(gateway)
    assert text_of(events).strip() == "Hello"
    assert events[0] == Started(MODEL)
    assert events[-1] == Finished("stop")
    assert sum(isinstance(event, UsageSeen) for event in events) == (name != "no usage")


async def test_characters_split_across_reads(fake: OpenAIFake) -> None:
    text = "日本語 🙂👩‍👧 éß"
    fake.answers.append(Script(list(text), tiny_writes=True))
    async with entered(fake) as gateway:
        assert text_of(await ask(gateway)) == text


async def test_tool_calls(fake: OpenAIFake) -> None:
    tool = Tool("make_image", "Makes a picture.", {"type": "object", "properties": {"prompt": {"type": "string"}}})
    fake.answers += [
        Script(calls=[("make_image", '{"prompt": "a cat"}'), ("make_image", "{}")], usage_at="none"),
        Script([" "], calls=[("make_image", "{}")], usage_at="none"),
        Script(["One moment."], calls=[("make_image", "{}")], usage_at="none"),
    ]
    async with entered(fake) as gateway:
        first, second, third = [await ask(gateway, question(tools=(tool,))) for _ in range(3)]
        calls = [event.call for event in first if isinstance(event, ToolCalled)]
        assert [(call.name, call.arguments) for call in calls] == [
            ("make_image", '{"prompt": "a cat"}'),
            ("make_image", "{}"),
        ]
        assert (first[0], first[-1], len(first)) == (Started(MODEL), Finished("tool_calls"), 4)
        assert [event.kind for event in second] == ["started", "tool", "finished"]
        assert [event.kind for event in third] == ["started", "text", "tool", "finished"]
        results = [PromptMessage("tool", "done", call_id=call.id) for call in calls]
        messages = (PromptMessage("user", "A cat!"), PromptMessage("assistant", "", calls=tuple(calls)), *results)
        assert text_of(await ask(gateway, ChatRequest(MODEL, messages, tools=(tool,)))) == "A cat!"
    assert len(fake.requests) == 4


async def test_a_model_that_takes_no_tools() -> None:
    tool = Tool("make_image", "Makes a picture.", {"type": "object"})
    models = [FakeModel("test-model", tools=False), FakeModel("gpt-6-luna", tools_need="no reasoning")]
    async with OpenAIFake(models=models) as fake, entered(fake) as gateway:
        for _ in range(2):
            assert text_of(await ask(gateway, question(tools=(tool,)))) == "hi"
        assert text_of(await ask(gateway, question(model="fake/gpt-6-luna", tools=(tool,)))) == "hi"
    assert ["tools" in body for body in fake.bodies] == [True, False, False, True]


@pytest.mark.parametrize("spelling", ["reasoning_content", "reasoning", "reasoning_details"])
async def test_reasoning_is_no_text(spelling: Any, fake: OpenAIFake) -> None:
    fake.answers.append(Script(["Hello"], reasoning=["let ", "me see"], reasoning_field=spelling))
    async with entered(fake) as gateway:
        events = await ask(gateway)
    assert text_of(events) == "Hello"
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == "let me see"


async def test_think_tags_are_no_text(fake: OpenAIFake) -> None:
    fake.answers.append(Script.of("<think>let me see</think>\n\nHello", size=3, pace=0.001))
    async with entered(fake) as gateway:
        assert text_of(await ask(gateway)) == "Hello"


async def test_a_connection_cut_after_the_finish_reason_lost_nothing(fake: OpenAIFake) -> None:
    tail = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    fake.answers.append(Script(["Hello", "", ""], insert={1: tail}, cut_after=2))
    async with entered(fake) as gateway:
        assert await ask(gateway) == [Started(MODEL), TextDelta("Hello"), Finished("stop")]


@pytest.mark.fast
@pytest.mark.parametrize("done", [b"", b"data: [DONE]\n\n"])
async def test_a_server_that_stays_silent_after_the_end_is_not_waited_for(done: bytes, fake: OpenAIFake) -> None:
    tail = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' + done
    fake.answers.append(Script(["Hello", "", ""], insert={1: tail}, stall_after=2))
    async with entered(fake) as gateway, asyncio.timeout(10):
        assert (await ask(gateway))[-1] == Finished("stop")


async def test_connections_are_used_again(fake: OpenAIFake) -> None:
    ports: set[Any] = set()
    fake.respond = lambda body: Script(["Hello"])
    async with entered(fake) as gateway:
        for _ in range(3):
            await ask(gateway)
            ports.add(fake.requests[-1]["peer"])
    assert len(ports) == 1


# After text: the text stays, the error comes, and nothing is tried again.
BREAKS = {
    "broken JSON": (Script(["Hel", "lo"], insert={1: openai_script.BROKEN_JSON}), BrokenStream),
    "event: error": (Script(["Hel", "lo"], insert={1: openai_script.ERROR_EVENT}), ProviderDown),
    "error object": (Script(["Hel", "lo"], insert={1: openai_script.ERROR_OBJECT}), ProviderDown),
    "cut": (Script(["Hel", "lo"], cut_after=1), BrokenStream),
    "ended": (Script(["Hel", "lo"], end_after=1), BrokenStream),
    "no finish_reason": (Script(["Hel"], finish_reason=None), BrokenStream),
    "no finish_reason, no [DONE]": (Script(["Hel"], finish_reason=None, done=False), BrokenStream),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_a_break_after_text_keeps_the_text_and_is_not_retried(name: str, fake: OpenAIFake) -> None:
    script, expected = BREAKS[name]
    fake.answers.append(script)
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        seen, error = await failing(gateway)
    assert text_of(seen) == "Hel"
    assert type(error) is expected
    assert error.model == MODEL
    assert len(fake.requests) == 1


# Before text: tried again, and the second answer is shown once.
REPAIRED = {
    "500": Script.error(500, "The server had an error"),
    "503": Script.error(503, "Overloaded"),
    "429": Script.rate_limited(),
    "a web page": Script.web_page(),
    "a JSON error": Script(body={"error": {"message": "Boom", "type": "server_error"}}),
    "nothing": Script([], finish_reason=None, done=False),
    "only [DONE]": Script([], finish_reason=None),
    "broken JSON": Script(["x"], insert={0: openai_script.BROKEN_JSON}),
    "event: error": Script(["x"], insert={0: openai_script.ERROR_EVENT}),
    "error object": Script(["x"], insert={0: openai_script.ERROR_OBJECT}),
    "cut": Script(["x"], cut_after=0),
    "blank, then cut": Script([" \n", "x"], cut_after=1),
    "empty answer": Script([]),
    "blank answer": Script([" ", "\n"]),
}


@pytest.mark.fast
@pytest.mark.parametrize("name", REPAIRED)
async def test_a_failure_before_text_is_tried_again(name: str, fake: OpenAIFake) -> None:
    fake.answers += [REPAIRED[name], Script(["Hello"], pace=0.01)]
    async with entered(fake) as gateway:
        events = await ask(gateway)
    assert text_of(events) == "Hello"
    assert [event for event in events if isinstance(event, Finished)] == [Finished("stop")]
    assert len(fake.requests) == 2
    assert fake.requests[1]["time"] - fake.requests[0]["time"] >= 0.49


@pytest.mark.fast
async def test_reasoning_before_a_failure_begins_anew(fake: OpenAIFake) -> None:
    fake.answers += [Script(["x"], reasoning=["hm"], cut_after=0), Script(["Hello"], usage_at="none")]
    async with entered(fake) as gateway:
        events = await ask(gateway)
    again = [Started(MODEL), TextDelta("Hello"), Finished("stop")]
    assert events == [Started(MODEL), ReasoningDelta("hm"), *again]


@pytest.mark.fast
@pytest.mark.parametrize("headers", [{"Retry-After": "3"}, {"retry-after-ms": "3000"}])
async def test_retry_after_is_honoured(headers: dict[str, str], fake: OpenAIFake) -> None:
    fake.answers.append(Script.rate_limited(headers))
    async with entered(fake) as gateway:
        assert text_of(await ask(gateway)) == "hi"
    assert 2.99 <= fake.requests[1]["time"] - fake.requests[0]["time"] < 6


async def test_a_long_retry_after_goes_to_the_next_model(fake: OpenAIFake) -> None:
    fake.answers.append(Script.rate_limited({"Retry-After": "3600"}))
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        events = await ask(gateway)
    assert events[0] == Started(OTHER)
    assert [body["model"] for body in fake.bodies] == ["test-model", "other-model"]


async def test_a_long_retry_after_without_another_model_is_told(fake: OpenAIFake) -> None:
    fake.answers.append(Script.rate_limited({"Retry-After": "3600"}))
    async with entered(fake) as gateway:
        _, error = await failing(gateway)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3600


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Script.out_of_quota(), OutOfQuota),
        (Script.error(402, "This request requires more credits."), OutOfQuota),
        (Script.error(403, "Not allowed."), KeyRefused),
        (Script.error(404, "The model does not exist", "model_not_found"), UnknownModel),
        (Script.error(400, "Invalid image."), RequestRefused),
    ],
)
async def test_hopeless_errors_are_not_retried_but_fall_back(
    script: Script, expected: type[ModelError], fake: OpenAIFake
) -> None:
    fake.answers += [script, Script(["Hello"])]
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        events = await ask(gateway)
    assert (events[0], text_of(events)) == (Started(OTHER), "Hello")
    fake.answers.append(script)
    async with entered(fake) as gateway:
        _, error = await failing(gateway)
    assert type(error) is expected
    assert [body["model"] for body in fake.bodies] == ["test-model", "other-model", "test-model"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Script.error(400, "Too long.", "context_length_exceeded"), PromptTooLong),
        (Script.error(400, "Filtered.", "content_filter"), ContentFiltered),
    ],
)
async def test_errors_that_no_other_model_should_hear(
    script: Script, expected: type[ModelError], fake: OpenAIFake
) -> None:
    fake.answers.append(script)
    async with entered(fake, fallbacks=[OTHER]) as gateway:
        _, error = await failing(gateway)
    assert type(error) is expected
    assert len(fake.requests) == 1


@pytest.mark.fast
async def test_when_all_models_fail_the_asked_models_error_is_told(fake: OpenAIFake) -> None:
    fake.answers += [Script.error(500, "Boom")] * 3
    async with entered(fake, fallbacks=["fake/nope", "nowhere/x", MODEL]) as gateway:
        seen, error = await failing(gateway)
    assert (seen, type(error), error.model) == ([], ProviderDown, MODEL)
    assert [body["model"] for body in fake.bodies] == ["test-model"] * 3 + ["nope"]


@pytest.mark.fast
async def test_a_model_that_says_nothing(fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script([])
    async with entered(fake) as gateway:
        _, error = await failing(gateway)
    assert type(error) is EmptyAnswer
    assert len(fake.requests) == 2


async def test_an_answer_that_length_leaves_empty_is_no_error(fake: OpenAIFake) -> None:
    fake.answers.append(Script([], reasoning=["hm"], finish_reason="length", usage_at="none"))
    async with entered(fake) as gateway:
        assert await ask(gateway) == [Started(MODEL), ReasoningDelta("hm"), Finished("length")]


async def test_a_wrong_key(fake: OpenAIFake, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with entered(fake, key="sk-very-secret-key") as gateway:
        _, error = await failing(gateway)
        assert "very-secret" not in repr(gateway._endpoints["fake"].provider)
    assert type(error) is KeyRefused
    assert "very-secret" not in caplog.text
    assert "very-secret" not in str(error)


@pytest.mark.parametrize("model", ["nowhere/x", "x", "", "/x", "fake/"])
async def test_models_of_no_provider(model: str, fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        _, error = await failing(gateway, question(model=model))
    assert type(error) is NotConfigured
    assert error.model == model


async def test_a_provider_that_is_not_there() -> None:
    async with Gateway([Provider("fake", "http://127.0.0.1:9/v1", KEY)], chance=lambda: -4) as gateway:
        _, error = await failing(gateway)
    assert type(error) is ProviderDown


@pytest.mark.fast
async def test_silence_before_and_after_the_first_words(fake: OpenAIFake) -> None:
    async with entered(fake, silence_timeout=2.0) as gateway:
        fake.answers += [Script(["Hello"], stall_after=0), Script(["Hello"], header_delay=30.0)]
        seen, error = await failing(gateway)
        assert (seen, type(error)) == ([], Stalled)
        fake.answers.append(Script(["Hel", "lo"], stall_after=1))
        seen, error = await failing(gateway)
        assert (text_of(seen), type(error)) == ("Hel", Stalled)
    assert len(fake.requests) == 3


@pytest.mark.fast
async def test_slow_words_are_no_silence(fake: OpenAIFake) -> None:
    fake.answers.append(Script(list("Hello"), pace=1.0))
    async with entered(fake, silence_timeout=2.0) as gateway:
        assert text_of(await ask(gateway)) == "Hello"


async def test_refused_parameters_are_left_out_and_remembered() -> None:
    models = [
        FakeModel("test-model", reasoning=True),
        FakeModel("old", old_fashioned=True, refuses=frozenset({"stop"})),
    ]
    request = question(sampling=Sampling(temperature=0.5, max_tokens=100))
    async with OpenAIFake(models=models) as fake, entered(fake) as gateway:
        assert text_of(await ask(gateway, request)) == "hi"
        assert len(fake.requests) == 3
        await ask(gateway, request)
        assert len(fake.requests) == 4
        assert fake.bodies[-1]["max_completion_tokens"] == 100
        assert not {"max_tokens", "temperature"} & set(fake.bodies[-1])


async def test_a_server_that_knows_only_max_tokens() -> None:
    request = question(model="fake/old", sampling=Sampling(max_tokens=100, stop=("END",)))
    quirks = Quirks(length="max_completion_tokens")
    models = [FakeModel("old", old_fashioned=True, refuses=frozenset({"stream_options"}))]
    async with OpenAIFake(models=models) as fake, entered(fake, quirks=quirks) as gateway:
        assert text_of(await ask(gateway, request)) == "hi"
        assert fake.bodies[-1]["max_tokens"] == 100
        assert fake.bodies[-1]["stop"] == ["END"]


async def test_a_refused_value_is_not_repaired(fake: OpenAIFake) -> None:
    async with entered(fake) as gateway:
        _, error = await failing(gateway, question(sampling=Sampling(temperature=9.0)))
    assert type(error) is RequestRefused
    assert "temperature" in error.detail
    assert len(fake.requests) == 1


async def test_a_prompt_beyond_the_window() -> None:
    async with OpenAIFake(models=[FakeModel("test-model", context=100)]) as fake, entered(fake) as gateway:
        _, error = await failing(gateway, question("word " * 1000))
    assert type(error) is PromptTooLong


async def test_closing_the_stream_ends_the_request(fake: OpenAIFake) -> None:
    fake.answers.append(Script(["Hel", "lo"], stall_after=1))
    async with entered(fake) as gateway:
        async with aclosing(gateway.stream(question())) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        await fake.until(lambda: fake.requests[0]["disconnected"])


@pytest.mark.parametrize("script", [Script(["Hello"], stall_after=0), Script(["Hello"], header_delay=60.0)])
async def test_cancelling_the_reader_ends_the_request(script: Script, fake: OpenAIFake) -> None:
    fake.answers.append(script)
    async with entered(fake) as gateway:
        task = asyncio.create_task(ask(gateway))
        await fake.until(lambda: bool(fake.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await fake.until(lambda: fake.requests[0]["disconnected"])


async def test_at_most_so_many_calls_run(fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script(list("Hello"), pace=0.005)
    async with entered(fake, concurrency=2) as gateway:
        answers = await asyncio.gather(*(ask(gateway, question(str(number))) for number in range(6)))
    assert [text_of(answer) for answer in answers] == ["Hello"] * 6
    assert fake.most_running == 2
    assert [body["messages"][-1]["content"] for body in fake.bodies] == list("012345")


@pytest.mark.parametrize("moment", ["waiting", "running", "released", "race"])
async def test_a_cancelled_call_does_not_keep_others_waiting(moment: str, fake: OpenAIFake) -> None:
    fake.respond = lambda body: Script(list("Hello"), pace=0.005)
    async with entered(fake, concurrency=1) as gateway:
        first, second, third = (asyncio.create_task(ask(gateway, question(str(number)))) for number in range(3))
        await fake.until(lambda: bool(fake.requests))
        match moment:
            case "waiting":
                victim = second
            case "running":
                victim = first
            case "released":
                victim = second
                await asyncio.wait([first])
            case _:
                victim = second
                first.add_done_callback(lambda _: victim.cancel())
                await asyncio.wait([first])
        victim.cancel()
        results = await asyncio.gather(first, second, third, return_exceptions=True)
    others = [result for task, result in zip((first, second, third), results, strict=True) if task is not victim]
    assert victim.cancelled()
    assert [text_of(result) for result in others if isinstance(result, list)] == ["Hello", "Hello"]


async def test_models_are_listed_and_remembered(fake: OpenAIFake) -> None:
    fake.models["text-embedding-3-small"] = FakeModel("text-embedding-3-small")
    fake.models["gpt-4o"] = FakeModel("gpt-4o")
    dead = Provider("dead", "http://127.0.0.1:9/v1", KEY)
    async with Gateway([dead, Provider("fake", fake.url, KEY)]) as gateway:
        first, second = await asyncio.gather(gateway.models(), gateway.models())
    assert first == second
    assert [info.name for info in first] == ["fake/gpt-4o", "fake/other-model", "fake/reasoner", "fake/test-model"]
    assert first[0] == ModelInfo("fake/gpt-4o", 128_000)
    assert len(fake.requests) == 1


async def test_without_a_provider_there_is_the_demonstration() -> None:
    async with Gateway([]) as gateway:
        assert [info.name for info in await gateway.models()] == ["demo/echo"]


async def test_check(fake: OpenAIFake) -> None:
    dead = Provider("dead", "http://127.0.0.1:9/v1", KEY)
    azure = Provider("azure", fake.azure_url, "wrong", quirks=Quirks(lists_models=False), azure_api_version="1")
    async with Gateway([Provider("fake", fake.url, KEY), dead, azure]) as gateway:
        findings = await gateway.check([MODEL, "fake/nope", "dead/x", "nowhere/x", "demo/echo"])
    assert [(finding.subject, type(finding.problem)) for finding in findings] == [
        ("fake", type(None)),
        ("dead", ProviderDown),
        ("azure", KeyRefused),
        (MODEL, type(None)),
        ("fake/nope", UnknownModel),
        ("dead/x", ProviderDown),
        ("nowhere/x", NotConfigured),
        ("demo/echo", type(None)),
    ]


async def test_use_out_of_order(fake: OpenAIFake) -> None:
    gateway = Gateway([Provider("fake", fake.url, KEY)])
    with pytest.raises(RuntimeError, match="before it is entered"):
        await ask(gateway)
    async with gateway:
        await ask(gateway)
    with pytest.raises(RuntimeError, match="after it is left"):
        await gateway.models()
