"""A Telegram Bot API server on a loopback socket, with the people and the screens behind it.

It keeps Telegram's rules, not the bot's: what the real server refuses is refused with the same words.
Not imitated: parse modes, files given by their address, inline messages.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.faults import Fault, FaultPlan
from tests.fakes.loops import patient
from tests.fakes.screen import Screen
from tests.fakes.telegram_access import METERED
from tests.fakes.telegram_errors import ApiError, not_found, too_many_requests, unauthorized
from tests.fakes.telegram_files import FileStore
from tests.fakes.telegram_limits import Flood, FloodRules
from tests.fakes.telegram_media import MediaMethods
from tests.fakes.telegram_methods import ChatMethods
from tests.fakes.telegram_parameters import Parameters, read_parameters
from tests.fakes.telegram_profile import ProfileMethods
from tests.fakes.telegram_sharing import Sharing
from tests.fakes.telegram_state import Chat, State, User
from tests.fakes.telegram_updates import Update
from tests.fakes.telegram_webhook import Webhook

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFake"
DOWNLOAD = "download"
BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
"""The `body` of a fault with status 502, as the proxy before the Bot API answers."""


@dataclass(slots=True)
class Call:
    """One call as it arrived at `at` (the loop's clock).

    `status` is None while no answer went out, or if none ever does; `description` is Telegram's reason for a refusal.
    """

    method: str
    parameters: Parameters
    at: float
    status: int | None = None
    description: str = ""

    @property
    def chat_id(self) -> int | None:
        chat_id = self.parameters.get("chat_id")
        return chat_id if isinstance(chat_id, int) else None


class TelegramFake(Sharing):
    """Enter it, hand `url + "/bot"` and `token` to a bot, and let people speak.

    `rules` is what flood control allows; `privacy` is the bot's privacy mode in groups.
    """

    def __init__(
        self,
        *,
        rules: FloodRules | None = None,
        privacy: bool = True,
        token: str = TOKEN,
        username: str = "parley_bot",
    ) -> None:
        self.token = token
        self.bot_user = User(int(token.split(":")[0]), "Parley", username, language_code=None, is_bot=True)
        self.faults = FaultPlan()
        self.calls: list[Call] = []
        self._called = asyncio.Event()
        self.flood = Flood(rules or FloodRules())
        self.state = State(self.bot_user)
        super().__init__(self.state, FileStore(), privacy=privacy)
        self.profile = ProfileMethods(self.state, privacy=privacy)
        self._methods: dict[str, Callable[[Parameters], Any]] = {
            **ChatMethods(self.state, self.flood).table(),
            **MediaMethods(self.state, self.flood, self.files).table(),
            **self.profile.table(),
            "getFile": self.files.get_file,
        }
        application = web.Application()
        application.router.add_route("*", r"/bot{token:[^/]+}/{method}", self._serve)
        application.router.add_get(r"/file/bot{token:[^/]+}/{path:.+}", self._serve_file)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)

    async def __aenter__(self) -> TelegramFake:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.state.close()
        await self.webhook.close()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where the server listens: `base_url` is this and `/bot`, `base_file_url` this and `/file/bot`."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    @property
    def webhook(self) -> Webhook:
        return self.profile.webhook

    @property
    def floods(self) -> int:
        """How many calls were refused for flooding, those that a test's script refused left out."""
        return self.flood.hits

    @property
    def screens(self) -> dict[tuple[int, int | None], Screen]:
        """Every screen by chat id and topic."""
        return self.state.screens

    @property
    def updates(self) -> list[Update]:
        """Every update that was made, in order."""
        return self.state.updates.sent

    def screen(self, chat: Chat, thread_id: int | None = None) -> Screen:
        """What people see in a chat, or in one of its topics."""
        return self.state.screen(chat, thread_id)

    def counted(self) -> Counter[str]:
        """How often each method was called."""
        return Counter(call.method for call in self.calls)

    async def until_called(self, method: str, times: int = 1, timeout: float = 20.0) -> None:
        """Wait until a method was called so often in all; TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(patient(timeout)):
            while self.counted()[method] < times:
                self._called.clear()
                await self._called.wait()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            method = request.match_info["method"]
            self._check_address(request.match_info["token"], method)
            call = Call(method, await read_parameters(request), asyncio.get_running_loop().time())
        except ApiError as error:
            return _answer(error.status, error.as_json())
        except (web.RequestPayloadError, ConnectionError):  # left before the call was whole, which makes it none
            return _hang_up(request)
        return await self._attend(call, request)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        """Downloads are calls of the method `download`, for `calls` and for faults."""
        if request.match_info["token"] != self.token:
            return _answer(404, not_found().as_json())
        parameters = {"path": request.match_info["path"]}
        return await self._attend(Call(DOWNLOAD, parameters, asyncio.get_running_loop().time()), request)

    async def _attend(self, call: Call, request: web.Request) -> web.StreamResponse:
        self.calls.append(call)
        self._called.set()
        fault = self.faults.next(call.method, call.parameters)
        response = await (self._carry_out(call) if fault is None else self._go_wrong(call, fault, request))
        if response is None:
            return _hang_up(request)
        call.status = response.status
        return response

    def _check_address(self, token: str, method: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]{30,}", token):
            raise not_found()
        if token != self.token:
            raise unauthorized()
        if method != "getUpdates" and method not in self._methods:
            raise not_found()

    async def _carry_out(self, call: Call) -> web.Response:
        if call.method == DOWNLOAD:
            data = self.files.download(call.parameters["path"])
            return _answer(404, not_found().as_json()) if data is None else web.Response(body=data)
        try:
            result = await self._result(call)
        except ApiError as error:
            call.description = error.description
            return _answer(error.status, error.as_json())
        return _answer(200, {"ok": True, "result": result})

    async def _result(self, call: Call) -> Any:
        parameters = call.parameters
        if call.method != "getUpdates":
            return self._methods[call.method](parameters)
        return await self.state.updates.poll(
            offset=parameters.get("offset", 0),
            limit=parameters.get("limit", 100),
            timeout=parameters.get("timeout", 0),
            allowed=parameters.get("allowed_updates"),
        )

    async def _go_wrong(self, call: Call, fault: Fault, request: web.Request) -> web.Response | None:
        """Carry the fault out; None means that the connection breaks without an answer."""
        match fault.kind:
            case "status":
                return _scripted(fault)
            case "flood":
                return self._scripted_flood(call, fault.seconds)
            case "garbage":
                return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
            case "drop_before":
                return None
            case "drop_after":
                done = await self._carry_out(call)
                if call.method == DOWNLOAD:
                    await _send_half(done, request)
                return None
            case "stall_before":
                await asyncio.sleep(fault.seconds)
                return await self._carry_out(call)
            case "stall_after":
                response = await self._carry_out(call)
                await asyncio.sleep(fault.seconds)
                return response

    def _scripted_flood(self, call: Call, seconds: float) -> web.Response:
        """The ban that is announced also holds: calls inside it are the bot's own fault."""
        metered = METERED.get(call.method)
        if metered is not None and call.chat_id is not None:
            self.flood.ban(asyncio.get_running_loop().time(), call.chat_id, metered, seconds)
        error = too_many_requests(max(1, math.ceil(seconds)))
        call.description = error.description
        return _answer(error.status, error.as_json())


def _scripted(fault: Fault) -> web.Response:
    """A `body` of str is sent as a page, any other as JSON; None makes Telegram's usual JSON for this status."""
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, content_type="text/html")
    usual = {"ok": False, "error_code": fault.status, "description": HTTPStatus(fault.status).phrase}
    return _answer(fault.status, usual if fault.body is None else fault.body)


def _answer(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


async def _send_half(whole: web.Response, request: web.Request) -> None:
    """Begin an answer of which the rest never comes."""
    data = bytes(whole.body) if isinstance(whole.body, bytes) else b""
    begun = web.StreamResponse(headers={"Content-Length": str(len(data))})
    await begun.prepare(request)
    await begun.write(data[: len(data) // 2])


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response that aiohttp wants to have goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
