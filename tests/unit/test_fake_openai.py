"""The fake provider keeps OpenAI's rules and does what its scripts say; the SDK is the judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_rules import FakeModel
from tests.fakes.openai_script import ERROR_OBJECT, Script

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def fake() -> AsyncIterator[OpenAIFake]:
    async with OpenAIFake() as server:
        yield server


@pytest.fixture
async def client(fake: OpenAIFake) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="test-key", base_url=fake.url, max_retries=0) as made:
        yield made


async def stream(client: AsyncOpenAI, **fields: Any) -> list[Any]:
    chunks = await client.chat.completions.create(model="test-model", messages=HELLO, stream=True, **fields)
    return [chunk async for chunk in chunks]


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices or ())


async def test_it_echoes(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="test-model", messages=HELLO)
    assert answer.choices[0].message.content == "hello"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert [model.id async for model in client.models.list()][:3] == ["test-model", "other-model", "reasoner"]


async def test_it_streams(client: AsyncOpenAI) -> None:
    chunks = await stream(client, stream_options={"include_usage": True})
    assert text_of(chunks) == "hello"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 1)
    assert [chunk.usage for chunk in await stream(client) if chunk.usage] == []


async def test_azure(fake: OpenAIFake) -> None:
    async with AsyncAzureOpenAI(azure_endpoint=fake.azure_url, api_version="1", api_key="test-key") as client:
        assert text_of(await stream(client)) == "hello"
    async with AsyncAzureOpenAI(azure_endpoint=fake.azure_url, api_version="1", api_key="no", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await stream(client)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"messages": []}, "empty_array"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "invalid_value"),
        ({"messages": [{"role": "user"}]}, "invalid_type"),
        ({"messages": [{"role": "user", "content": []}]}, "invalid_type"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "invalid_value"),
        ({"messages": [{"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "data:image/"}}]}]},
         "invalid_value"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///x"}}]}]},
         "invalid_image_url"),
        ({"temperature": 2.5}, "invalid_value"),
        ({"max_tokens": 0}, "integer_below_min_value"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "array_above_max_length"),
        ({"extra_body": {"colour": "red"}}, "unknown_parameter"),
        ({"stream_options": {"include_usage": True}}, None),
        ({"model": "reasoner", "max_tokens": 5}, "unsupported_parameter"),
        ({"model": "reasoner", "temperature": 0.5}, "unsupported_parameter"),
        ({"messages": [{"role": "user", "content": "word " * 200_000}]}, "context_length_exceeded"),
    ],
)  # fmt: skip
async def test_bad_requests_are_refused(fields: dict[str, Any], code: str | None, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await client.chat.completions.create(**{"model": "test-model", "messages": HELLO, **fields})
    assert error.value.code == code


MAKE = {"type": "function", "function": {"name": "make_image", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "make_image", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
DONE = {"role": "tool", "tool_call_id": "call_1", "content": "done"}


async def test_tool_calls(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    arguments = '{"prompt": "a cat in a hat"}'
    fake.answers += [Script(["Wait. "], calls=[("make_image", arguments)]), Script(calls=[("a", "{}"), ("b", "{}")])]
    chunks = await stream(client, tools=[MAKE])
    deltas = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert (deltas[0].id, deltas[0].function.name) == ("call_1_0", "make_image")
    assert "".join(delta.function.arguments for delta in deltas) == arguments
    assert len(deltas) > 2
    assert (text_of(chunks), chunks[-1].choices[0].finish_reason) == ("Wait. ", "tool_calls")
    whole = await client.chat.completions.create(model="test-model", messages=HELLO)
    assert [call.id for call in whole.choices[0].message.tool_calls or []] == ["call_2_0", "call_2_1"]
    answered: list[Any] = [*HELLO, CALLED, DONE]
    assert (await client.chat.completions.create(model="test-model", messages=answered)).choices


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": []}, "1 to 128"),
        ({"tools": [{"type": "function", "function": {"name": "no spaces"}}]}, "Invalid value"),
        ({"tool_choice": "auto"}, "only allowed"),
        ({"messages": [*HELLO, DONE]}, "preceding message"),
        ({"messages": [*HELLO, CALLED]}, "must be followed"),
        ({"messages": [*HELLO, CALLED, *HELLO, DONE]}, "must be followed"),
        ({"messages": [*HELLO, {**CALLED, "tool_calls": [{"id": "x"}]}]}, "Invalid value"),
        ({"model": "plain", "tools": [MAKE]}, "not supported"),
        ({"model": "thinker", "tools": [MAKE]}, "reasoning_effort"),
        ({"model": "plain", "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}]}, "image_url"),
    ],
)  # fmt: skip
async def test_bad_tools_are_refused(fields: dict[str, Any], words: str, fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.models["plain"] = FakeModel("plain", tools=False, vision=False)
    fake.models["thinker"] = FakeModel("thinker", tools_need="no reasoning")
    with pytest.raises(openai.BadRequestError, match=words):
        await client.chat.completions.create(**{"model": "test-model", "messages": HELLO, **fields})


async def test_tools_without_reasoning(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.models["thinker"] = FakeModel("thinker", tools_need="no reasoning")
    tools: list[Any] = [MAKE]
    asked: dict[str, Any] = {"model": "thinker", "messages": HELLO, "tools": tools, "reasoning_effort": "none"}
    assert (await client.chat.completions.create(**asked)).choices


async def test_keys_and_models_are_checked(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await client.chat.completions.create(model="nope", messages=HELLO)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.AuthenticationError) as refused:
        await client.with_options(api_key="sk-wrong-key").models.list()
    assert refused.value.code == "invalid_api_key"


async def test_scripts_are_chosen_by_the_request(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers += [
        Script(["for the other"], when=lambda body: body["model"] == "other-model"),
        Script(["for anyone"]),
    ]
    assert text_of(await stream(client)) == "for anyone"
    assert text_of(await stream(client)) == "hello"
    other = await client.chat.completions.create(model="other-model", messages=HELLO)
    assert other.choices[0].message.content == "for the other"


async def test_errors_are_scripted(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers += [Script.rate_limited({"Retry-After": "7"}), Script.out_of_quota(), Script.error(503, "Down")]
    with pytest.raises(openai.RateLimitError) as limited:
        await stream(client)
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.RateLimitError) as quota:
        await stream(client)
    assert quota.value.code == "insufficient_quota"
    with pytest.raises(openai.InternalServerError):
        await stream(client)


async def test_a_cut_is_a_broken_connection(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers.append(Script(["a", "b"], cut_after=1))
    with pytest.raises(openai.APIConnectionError):
        await stream(client)
    assert not fake.requests[0]["disconnected"]


async def test_raw_bytes_are_put_between_pieces(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers.append(Script(["a", "b"], insert={1: ERROR_OBJECT}))
    with pytest.raises(openai.APIError, match="Provider returned error"):
        await stream(client)


async def test_a_web_page_is_no_stream(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers.append(Script.web_page())
    assert await stream(client) == []


@pytest.mark.fast
async def test_pieces_keep_their_pace(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.record_emissions = True
    fake.answers.append(Script(["ab", "c", "def"], first_delay=0.5, pace=1.0))
    await stream(client)
    start = fake.requests[0]["time"]
    emissions = fake.requests[0]["emissions"]
    assert [size for _, size in emissions] == [2, 1, 3]
    for (at, _), due in zip(emissions, (0.5, 1.5, 2.5), strict=True):
        assert due <= at - start < due + 0.5


async def test_a_client_that_leaves_is_seen(fake: OpenAIFake, client: AsyncOpenAI) -> None:
    fake.answers.append(Script(["a"], stall_after=1))
    async with await client.chat.completions.create(model="test-model", messages=HELLO, stream=True) as chunks:
        async for chunk in chunks:
            if chunk.choices[0].delta.content:
                break
    await fake.until(lambda: fake.requests[0]["disconnected"])
    assert fake.running == 0


async def test_leaving_ends_stalled_answers() -> None:
    async with OpenAIFake(answers=[Script(["a"], stall_after=1)], models=[FakeModel("test-model")]) as fake:
        client = AsyncOpenAI(api_key="test-key", base_url=fake.url, max_retries=0)
        task = asyncio.create_task(stream(client))
        await fake.until(lambda: fake.running == 1)
    with pytest.raises(openai.APIConnectionError):
        await task
    await client.close()
    assert not fake.requests[0]["disconnected"]
