"""One provider's API: a single try of a call, and its list of models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import aiohttp
import httpx2
import orjson
from openai import (
    APIStatusError,
    AsyncAPIResponse,
    AsyncAzureOpenAI,
    AsyncOpenAI,
    DefaultAioHttpClient,
    OpenAIError,
)

from bot import clock
from bot.domain.events import ReplyEvent
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.errors import BrokenStream, ModelError, PromptTooLong, RequestRefused
from bot.llm.bodies import read_body
from bot.llm.decoder import ReplyDecoder
from bot.llm.error_answers import shorten
from bot.llm.error_body import error_words
from bot.llm.errors import from_exception
from bot.llm.names import ModelName
from bot.llm.parameters import Options, extra_body, message_json, parameters, refused_parameter
from bot.llm.profiles import profile_of
from bot.llm.providers import Provider

# Seconds that a complete answer may wait for its usage, and then for the end of the bytes; both usually come with it.
# Reading up to the end keeps the connection for the next request.
_LAST_WORDS = 2.0
_END = 0.25

# Of a list of models. OpenRouter's, the longest, has some 700 of them in about 1 MB.
_LIST_BYTES = 16 * 1024 * 1024
_LIST_LENGTH = 10_000
_NAME_LENGTH = 200

# What a call may raise. The SDK's transport lets pass what it does not know of aiohttp: headers without end, a status
# line that is none.
_FOREIGN = (OpenAIError, httpx2.HTTPError, aiohttp.ClientError)

# Seconds that an idle connection is kept: people take a while to read and write, and a new one costs a TLS handshake.
_KEEP_ALIVE = 120.0

Attempt = tuple[Mapping[str, Any], AbstractAsyncContextManager[AsyncAPIResponse[Any]]]
"""The optional parameters of a call, and the call."""

Culprit = Callable[[str, str | None, Mapping[str, Any]], str | None]
"""From the words of a refusal, the parameter that it names and those that were sent: what is left out from then on."""


# How providers refuse a single parameter; 404 and 405 are OpenRouter's and DeepInfra's for tools.
_REFUSALS = (400, 404, 405, 422)


class Endpoint:
    """Owns one connection pool, made at the first call; close it. Time-outs are in seconds; `silence` is the longest
    wait between two bytes. Raises `bot.errors.ModelError`."""

    def __init__(self, provider: Provider, options: Options, connect: float, silence: float) -> None:
        self.provider = provider
        self._options = options
        self._timeout = httpx2.Timeout(silence, connect=connect)
        self._made: AsyncOpenAI | None = None
        self._refused: dict[str, frozenset[str]] = {}

    async def stream(self, model: str, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        """One call, without retry. A parameter that the model refuses is left out from then on."""
        name = self.name_of(model)
        decoder = ReplyDecoder(name)
        async with AsyncExitStack() as stack:
            try:
                response = await self._open(stack, model, lambda refused: self._chat(model, request, refused))
                async with aclosing(_reads(response.http_response, decoder)) as reads:
                    async for data in reads:
                        for event in decoder.feed(data):
                            yield event
            except _FOREIGN as error:
                if not decoder.finishing:
                    raise self._translated(name, error) from error
            for event in decoder.close():
                yield event
            if decoder.failure is not None:
                raise decoder.failure

    @asynccontextmanager
    async def opened(
        self, model: str, attempt: Callable[[frozenset[str]], Attempt], culprit: Culprit = refused_parameter
    ) -> AsyncIterator[httpx2.Response]:
        """The answer to a media call, its body unread; what fails while it is open is translated too.

        `attempt` makes the call from what this model refused before.
        """
        name = self.name_of(model)
        async with AsyncExitStack() as stack:
            try:
                response = await self._open(stack, model, attempt, culprit)
                yield response.http_response
            except _FOREIGN as error:
                failure = self._translated(name, error)
                if isinstance(failure, PromptTooLong):  # there is no history that could be cut
                    failure = RequestRefused(name, failure.detail)
                raise failure from error

    def body(self, model: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a media call with the operator's for this model on top. Those for the whole provider are
        meant for chat."""
        name = self.name_of(model)
        return extra_body(own, {name: self._options.get(name, {})}, self.provider.name, model)

    def patient(self, silence: float) -> httpx2.Timeout:
        """Time-outs for a call that is slower than chat."""
        return httpx2.Timeout(silence, connect=self._timeout.connect)

    def name_of(self, model: str) -> str:
        return str(ModelName(self.provider.name, model))

    async def models(self) -> Sequence[ModelInfo]:
        """All that the provider lists, chat models or not."""
        name = self.provider.name
        try:
            async with self.client.models.with_streaming_response.list() as response:
                data = await read_body(name, response.http_response, _LIST_BYTES)
        except _FOREIGN as error:
            raise self._translated(name, error) from error
        try:
            rows = orjson.loads(data)["data"]
            found = [info for row in rows if (info := _model_info(name, row)) is not None]
        except (ValueError, KeyError, TypeError):
            raise BrokenStream(name, "its list of models is not readable") from None
        return found[:_LIST_LENGTH]

    def prepare(self) -> None:
        """Make the client now: its TLS context takes 50 ms, for which the first question should not have to wait."""
        self._made = self._made or _client(self.provider, self._timeout)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    def _chat(self, model: str, request: ChatRequest, refused: frozenset[str]) -> Attempt:
        own = parameters(request, self.provider.quirks, profile_of(self.name_of(model)), refused)
        body = extra_body(own, self._options, self.provider.name, model)
        # The SDK walks through its own parameters by their annotations, which takes 50 ms for 400 messages; what comes
        # in the extra body is sent as it is.
        body["messages"] = [message_json(message) for message in request.messages]
        chat = self.client.chat.completions.with_streaming_response
        return own, chat.create(model=model, messages=(), stream=True, extra_body=body)

    async def _open(
        self,
        stack: AsyncExitStack,
        model: str,
        attempt: Callable[[frozenset[str]], Attempt],
        culprit: Culprit = refused_parameter,
    ) -> AsyncAPIResponse[Any]:
        while True:
            own, call = attempt(self._refused.get(model, frozenset()))
            try:
                return await stack.enter_async_context(call)
            except APIStatusError as error:
                found = culprit(error_words(error.body), error.param, own)
                if found is None or error.status_code not in _REFUSALS:
                    raise
                self._refused[model] = self._refused.get(model, frozenset()) | {found}

    def _translated(self, name: str, error: Exception) -> ModelError:
        return from_exception(name, error, clock.utc_now(), self.provider.api_key)

    @property
    def client(self) -> AsyncOpenAI:
        if self._made is None:
            self._made = _client(self.provider, self._timeout)
        return self._made


def _client(provider: Provider, timeout: httpx2.Timeout) -> AsyncOpenAI:
    limits = httpx2.Limits(keepalive_expiry=_KEEP_ALIVE)
    common: dict[str, Any] = {
        "api_key": provider.api_key or "none",  # the SDK insists on one; local servers ignore it
        "default_headers": provider.headers,
        "max_retries": 0,
        # Half the CPU time per chunk of the SDK's default transport.
        "http_client": DefaultAioHttpClient(timeout=timeout, limits=limits, event_hooks={"response": [shorten]}),
    }
    client: AsyncOpenAI
    if provider.azure_api_version is not None:
        client = AsyncAzureOpenAI(azure_endpoint=provider.base_url, api_version=provider.azure_api_version, **common)
    else:
        client = AsyncOpenAI(base_url=provider.base_url, **common)
    # The SDK takes these from OPENAI_* variables and would send one provider's account to all the others.
    client.organization = client.project = client.admin_api_key = None
    return client


async def _reads(response: httpx2.Response, decoder: ReplyDecoder) -> AsyncGenerator[bytes, None]:
    """What the network delivers, up to its end; after the answer's end only for a moment more."""
    async with aclosing(response.aiter_bytes()) as reads:
        async for data in reads:
            yield data
            if decoder.finishing or decoder.done:
                break
        while decoder.failure is None and (data := await _within(_END if decoder.done else _LAST_WORDS, reads)):
            yield data


async def _within(seconds: float, reads: AsyncGenerator[bytes, None]) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await anext(reads, b"")
    except TimeoutError:
        return b""


def _model_info(provider: str, row: dict[str, Any]) -> ModelInfo | None:
    """`context_length`: OpenRouter; `context_window`: Groq; `max_context_length`: Mistral; the rest by profile. None
    for what is not a name."""
    name = row["id"]
    if not isinstance(name, str) or len(name) > _NAME_LENGTH:
        return None
    told = (row.get(key) for key in ("context_length", "context_window", "max_context_length"))
    context = next((value for value in told if isinstance(value, int) and value > 0), None)
    return ModelInfo(f"{provider}/{name}", context or profile_of(name).context)
