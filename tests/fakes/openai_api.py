"""A server that speaks the OpenAI API: it enforces OpenAI's rules and answers from scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Self

from aiohttp import web

from tests.fakes.loops import patient
from tests.fakes.openai_chat import completion, stream_answer
from tests.fakes.openai_media import MediaAnswers
from tests.fakes.openai_media_rules import CAPABILITIES, check_media
from tests.fakes.openai_media_script import MediaCall, MediaScript
from tests.fakes.openai_rules import (
    FakeModel,
    Refused,
    check_json,
    check_key,
    check_model,
    check_request,
    prompt_tokens,
)
from tests.fakes.openai_script import Script
from tests.fakes.openai_wire import CutByScript, Seen, bearer, json_response, recorded, whole_response

MODELS = (FakeModel("test-model"), FakeModel("other-model"), FakeModel("reasoner", reasoning=True))

# The second image model answers with addresses and in one piece, as OpenAI's did before.
MEDIA_MODELS = (
    FakeModel("gpt-image-2", capability="image"),
    FakeModel("dall-e-3", capability="image", streams=False),
    FakeModel("gpt-transcribe", capability="transcription"),
    FakeModel("whisper-1", capability="transcription"),
    FakeModel("gpt-4o-mini-tts", capability="speech"),
    FakeModel("omni-moderation-latest", capability="moderation"),
)

Answering = Callable[[web.Request, Seen, str | None, str | None], Awaitable[web.StreamResponse]]
"""Takes the request, how it is recorded, the key, and Azure's deployment."""


def echo(body: dict[str, Any]) -> Script:
    """Repeats the last user message."""
    content = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if not isinstance(content, str):
        content = " ".join(part.get("text", "[image]") for part in content)
    return Script.of(content or "...")


class OpenAIFake:
    """Enter it to serve on a free port of 127.0.0.1; `url` is the base URL, `azure_url` the Azure endpoint.

    A chat request takes the first of `answers` whose `when` agrees, else what `respond` returns for the request's JSON.
    A media request takes the first of `media_answers` that agrees; without one it gets a drawn picture, a tone,
    `media.words` as its transcript, or the verdict that nothing is wrong.
    """

    def __init__(
        self,
        respond: Callable[[dict[str, Any]], Script] = echo,
        *,
        answers: Iterable[Script] = (),
        media_answers: Iterable[MediaScript] = (),
        models: Sequence[FakeModel] = (*MODELS, *MEDIA_MODELS),
        key: str = "test-key",
        record_emissions: bool = False,
    ) -> None:
        self.respond = respond
        self.answers = list(answers)
        self.media_answers = list(media_answers)
        self.media = MediaAnswers()
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
        for call in CAPABILITIES:
            app.router.add_post(f"/v1/{call}", self._media)
            app.router.add_post(f"/openai/deployments/{{model}}/{call}", self._azure_media)
        app.router.add_get("/files/{name}", self._file)
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

    def calls(self, call: MediaCall) -> list[Seen]:
        """The media requests of one kind, oldest first."""
        return [seen for seen in self.requests if seen["path"].endswith(f"/{call}")]

    async def until(self, predicate: Callable[[], bool], timeout: float = 60.0) -> None:
        """Wait until something that the fake records (a request, a disconnection, an end) makes this true."""
        async with asyncio.timeout(patient(timeout)):
            while not predicate():
                self._changed.clear()
                await self._changed.wait()

    async def _list_models(self, request: web.Request) -> web.Response:
        return await self._models(request, bearer(request))

    async def _azure_list_models(self, request: web.Request) -> web.Response:
        return await self._models(request, request.headers.get("api-key"))

    async def _models(self, request: web.Request, key: str | None) -> web.Response:
        await self._record(request)
        await asyncio.sleep(self.models_delay)
        if self.models_status != 200:
            return json_response({"error": {"message": "The server had an error."}}, self.models_status)
        try:
            check_key(key, self.key)
        except Refused as refused:
            return json_response(refused.body, refused.status)
        rows = [{"id": name, "object": "model", "created": 1, "owned_by": "fake"} for name in self.models]
        return json_response({"object": "list", "data": rows})

    async def _file(self, request: web.Request) -> web.Response:
        await self._record(request)
        return self.media.file(request)

    async def _azure_chat(self, request: web.Request) -> web.StreamResponse:
        return await self._azure(request, self._chat_checked)

    async def _azure_media(self, request: web.Request) -> web.StreamResponse:
        return await self._azure(request, self._media_checked)

    async def _azure(self, request: web.Request, answering: Answering) -> web.StreamResponse:
        if not request.query.get("api-version"):
            return json_response({"error": {"code": "404", "message": "Resource not found"}}, 404)
        return await self._answer(request, request.headers.get("api-key"), request.match_info["model"], answering)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, bearer(request), None, self._chat_checked)

    async def _media(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, bearer(request), None, self._media_checked)

    async def _answer(
        self, request: web.Request, key: str | None, deployment: str | None, answering: Answering
    ) -> web.StreamResponse:
        seen = await self._record(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            response = await answering(request, seen, key, deployment)
            seen["finished"] = True
        except asyncio.CancelledError:
            seen["disconnected"] = not self._closing
            raise
        except CutByScript as done:
            return done.response
        except ConnectionError:
            seen["disconnected"] = True
            return web.Response()
        else:
            return response
        finally:
            self.running -= 1
            self._changed.set()

    async def _media_checked(
        self, request: web.Request, seen: Seen, key: str | None, deployment: str | None
    ) -> web.StreamResponse:
        call = next(call for call in CAPABILITIES if request.path.endswith(f"/{call}"))
        try:
            check_key(key, self.key)
            fields = check_json(seen["body"])
            model = check_model(deployment or fields.get("model"), self.models, CAPABILITIES[call])
            check_media(call, fields, seen["files"], model)
        except Refused as refused:
            return json_response(refused.body, refused.status)
        return await self.media.answer(request, seen, call, model, self._media_script(call, fields))

    def _media_script(self, call: MediaCall, fields: dict[str, Any]) -> MediaScript:
        for script in self.media_answers:
            if script.call in (None, call) and (script.when is None or script.when(fields)):
                self.media_answers.remove(script)
                return script
        return MediaScript()

    async def _chat_checked(
        self, request: web.Request, seen: Seen, key: str | None, deployment: str | None
    ) -> web.StreamResponse:
        try:
            check_key(key, self.key)
            body = check_json(seen["body"])
            model = check_model(deployment or body.get("model"), self.models)
            check_request(body, model)
        except Refused as refused:
            return json_response(refused.body, refused.status)
        script = self._script(body)
        if script.header_delay:
            await asyncio.sleep(script.header_delay)
        if script.body is not None or script.status != 200:
            return whole_response(script)
        answer_id = f"chatcmpl-{len(self.requests)}"
        if not body.get("stream"):
            return json_response(completion(script, model.name, answer_id, prompt_tokens(body)))
        return await stream_answer(request, seen, script, model.name, answer_id, record=self.record_emissions)

    def _script(self, body: dict[str, Any]) -> Script:
        for script in self.answers:
            if script.when is None or script.when(body):
                self.answers.remove(script)
                return script
        return self.respond(body)

    async def _record(self, request: web.Request) -> Seen:
        seen = await recorded(request)
        self.requests.append(seen)
        self._changed.set()
        return seen
