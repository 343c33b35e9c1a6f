"""Telegram's fake that remembers of each message whether the bot can know that it was sent.

Its messages have high numbers, no two the same, so that a database can be searched for them.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from tests.fakes.telegram_api import Call, TelegramFake

FIRST_NUMBER = 70_000_001

GIVES_UP_AFTER = 15.0
"""Seconds on the loop's clock, a little less than the bot's patience: a slower answer may have found nobody."""


@dataclass(slots=True)
class Sending:
    """A message that took effect at `at`. `heard`: the answer went out, to somebody who still listened; None where it
    was so late that nobody can tell."""

    message_id: str
    at: float
    life: int
    heard: bool | None = False


class WatchedTelegram(TelegramFake):
    """`life` counts the bot's processes, from 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sendings: list[Sending] = []
        self.life = 0
        numbers = itertools.count(FIRST_NUMBER)
        self.state.next_id = lambda chat: next(numbers)  # type: ignore[method-assign]
        self._made: dict[int, Sending] = {}

    async def _attend(self, call: Call, request: web.Request) -> web.StreamResponse:
        response = await super()._attend(call, request)
        sending = self._made.pop(id(call), None)
        if sending is not None:
            listens = request.transport is not None and not request.transport.is_closing()
            late = asyncio.get_running_loop().time() - call.at > GIVES_UP_AFTER
            sending.heard = (None if late else True) if call.status == 200 and listens else False
        return response

    async def _carry_out(self, call: Call) -> web.Response:
        response = await super()._carry_out(call)
        if call.method == "sendMessage" and response.status == 200:
            assert isinstance(response.body, bytes)
            message_id = str(orjson.loads(response.body)["result"]["message_id"])
            sending = Sending(message_id, asyncio.get_running_loop().time(), self.life)
            self.sendings.append(sending)
            self._made[id(call)] = sending
        return response
