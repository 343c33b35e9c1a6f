"""A server that speaks the OpenAI API for chat: it enforces OpenAI's rules and answers from scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import orjson
from aiohttp import web

from tests.fakes.openai_rules import (
    FakeModel,
    Refused,
    check_json,
    check_key,
    check_model,
    check_request,
    prompt_tokens,
)
from tests.fakes.openai_script import Frames, Script

Seen = dict[str, Any]
"""A recorded request: `time` (the loop's clock), `path`, `peer` (the client's address), `headers` (lower case), `body`
(the JSON), `disconnected` (the client left before the end), `finished` (the answer went out) and `emissions`
(time and characters of each piece)."""

MODELS = (FakeModel("test-model"), FakeModel("other-model"), FakeModel("reasoner", reasoning=True))


def echo(body: dict[str, Any]) -> Script:
    """Repeats the last user message."""
    content = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if not isinstance(content, str):
        content = " ".join(part.get("text", "[image]") for part in content)
    return Script.of(content or "...")


class OpenAIFake:
    """Enter it to serve on a free port of 127.0.0.1; `url` is the base URL, `azure_url` the Azure endpoint.

    A chat request takes the first of `answers` whose `when` agrees, else what `respond` returns for the request's JSON.
    """

    def __init__(
        self,
        respond: Callable[[dict[str, Any]], Script] = echo,
        *,
        answers: Iterable[Script] = (),
        models: Sequence[FakeModel] = MODELS,
        key: str = "test-key",
        record_emissions: bool = False,
    ) -> None:
        self.respond = respond
        self.answers = list(answers)
        self.models = {model.name: model for model in models}
        self.key = key
        self.record_emissions = record_emissions
        self.requests: list[Seen] = []
        self.running = 0
        self.most_running = 0
        self.models_status = 200
        self.models_delay = 0.0
        self.url = ""
        self.azure_url = ""
        self._closing = False
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/openai/deployments/{model}/chat/completions", self._azure_chat)
        app.router.add_get("/openai/models", self._azure_list_models)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"
        self.azure_url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing = True
        await self._runner.cleanup()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of the chat requests, oldest first."""
        return [seen["body"] for seen in self.requests if seen["path"].endswith("/chat/completions")]

    async def until(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait until something that the fake records (a request, a disconnection, an end) makes this true."""
        async with asyncio.timeout(timeout):
            while not predicate():
                self._changed.clear()
                await self._changed.wait()

    async def _list_models(self, request: web.Request) -> web.Response:
        return await self._models(request, _bearer(request))

    async def _azure_list_models(self, request: web.Request) -> web.Response:
        return await self._models(request, request.headers.get("api-key"))

    async def _models(self, request: web.Request, key: str | None) -> web.Response:
        self._record(request, None)
        await asyncio.sleep(self.models_delay)
        if self.models_status != 200:
            return _json({"error": {"message": "The server had an error."}}, self.models_status)
        try:
            check_key(key, self.key)
        except Refused as refused:
            return _json(refused.body, refused.status)
        rows = [{"id": name, "object": "model", "created": 1, "owned_by": "fake"} for name in self.models]
        return _json({"object": "list", "data": rows})

    async def _azure_chat(self, request: web.Request) -> web.StreamResponse:
        if not request.query.get("api-version"):
            return _json({"error": {"code": "404", "message": "Resource not found"}}, 404)
        return await self._answer(request, request.headers.get("api-key"), request.match_info["model"])

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _bearer(request), None)

    async def _answer(self, request: web.Request, key: str | None, deployment: str | None) -> web.StreamResponse:
        seen = self._record(request, await request.read())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            response = await self._checked(request, seen, key, deployment)
            seen["finished"] = True
        except asyncio.CancelledError:
            seen["disconnected"] = not self._closing
            raise
        except _CutByScript as cut:
            return cut.response
        except ConnectionError:
            seen["disconnected"] = True
            return web.Response()
        else:
            return response
        finally:
            self.running -= 1
            self._changed.set()

    async def _checked(
        self, request: web.Request, seen: Seen, key: str | None, deployment: str | None
    ) -> web.StreamResponse:
        try:
            check_key(key, self.key)
            body = check_json(seen["body"])
            model = check_model(deployment or body.get("model"), self.models)
            check_request(body, model)
        except Refused as refused:
            return _json(refused.body, refused.status)
        script = self._script(body)
        if script.header_delay:
            await asyncio.sleep(script.header_delay)
        if script.body is not None or script.status != 200:
            return _whole(script)
        if not body.get("stream"):
            return _json(_completion(script, model.name, prompt_tokens(body)))
        return await self._stream(request, seen, script, model.name)

    def _script(self, body: dict[str, Any]) -> Script:
        for script in self.answers:
            if script.when is None or script.when(body):
                self.answers.remove(script)
                return script
        return self.respond(body)

    async def _stream(self, request: web.Request, seen: Seen, script: Script, model: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": script.content_type or "text/event-stream"})
        response.headers.update(script.headers)
        await response.prepare(request)
        usage_asked = bool((seen["body"].get("stream_options") or {}).get("include_usage"))
        frames = Frames(script, f"chatcmpl-{len(self.requests)}", model, usage_asked)
        if await self._pieces(request, response, seen, script, frames):
            usage = script.usage or _usage(script, prompt_tokens(seen["body"]))
            tail = frames.finish(usage) if script.finish_reason is not None else b""
            if script.usage_at == "final" or (script.usage_at == "asked" and usage_asked):
                tail += frames.usage(usage)
            if script.done:
                tail += frames.done()
            await self._write(response, tail, script.tiny_writes)
        await response.write_eof()
        return response

    async def _pieces(
        self, request: web.Request, response: web.StreamResponse, seen: Seen, script: Script, frames: Frames
    ) -> bool:
        """Write the pieces; False when the script ends the body early."""
        loop = asyncio.get_running_loop()
        due = loop.time() + script.first_delay
        await self._write(response, frames.role(), script.tiny_writes)
        for thought in script.reasoning:
            due = await _wait(due, script.pace)
            await self._write(response, frames.reasoning(thought), script.tiny_writes)
        steps: list[str | None] = [*script.pieces, None]
        for index, text in enumerate(steps):
            if script.cut_after == index and request.transport is not None:
                await asyncio.sleep(0.01)  # lets what was written reach the client before the reset
                request.transport.abort()
                raise _CutByScript(response)
            if script.stall_after == index:
                await asyncio.Event().wait()
            if script.end_after == index:
                return False
            if index in script.insert:
                await self._write(response, script.insert[index], script.tiny_writes)
            if text is not None:
                due = await _wait(due, script.pace)
                await self._write(response, frames.piece(text), script.tiny_writes)
                if self.record_emissions:
                    seen["emissions"].append((loop.time(), len(text)))
        return True

    async def _write(self, response: web.StreamResponse, data: bytes, tiny: bool) -> None:
        if not tiny:
            await response.write(data)
            return
        for start in range(0, len(data), 3):
            await response.write(data[start : start + 3])
            await asyncio.sleep(0)

    def _record(self, request: web.Request, raw: bytes | None) -> Seen:
        try:
            body = orjson.loads(raw) if raw else None
        except orjson.JSONDecodeError:
            body = None
        seen: Seen = {
            "time": asyncio.get_running_loop().time(),
            "path": request.path,
            "peer": request.transport.get_extra_info("peername") if request.transport is not None else None,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": body,
            "disconnected": False,
            "finished": False,
            "emissions": [],
        }
        self.requests.append(seen)
        self._changed.set()
        return seen


class _CutByScript(Exception):
    """Leaves the answer unfinished on a connection that is reset."""

    def __init__(self, response: web.StreamResponse) -> None:
        super().__init__()
        self.response = response


def _bearer(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else None


async def _wait(due: float, pace: float) -> float:
    """Sleep until `due` and return when the next piece is due, so that lateness does not add up."""
    late = asyncio.get_running_loop().time() - due
    if late < 0:
        await asyncio.sleep(-late)
    return due + pace


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, headers=headers, content_type="application/json")


def _whole(script: Script) -> web.Response:
    if isinstance(script.body, bytes | str):
        data = script.body if isinstance(script.body, bytes) else script.body.encode()
        kind = script.content_type or "text/plain"
        return web.Response(body=data, status=script.status, headers=script.headers, content_type=kind)
    return _json(script.body, script.status, script.headers)


def _usage(script: Script, prompt: int) -> dict[str, int]:
    written = max(1, len(script.text.encode()) // 4)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _completion(script: Script, model: str, prompt: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": script.text, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": script.finish_reason}],
        "usage": script.usage or _usage(script, prompt),
    }
