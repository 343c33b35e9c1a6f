"""Delivery of updates by POST, as Telegram does it once a webhook is set.

Source: the Bot API (setWebhook, getWebhookInfo) and the server behind it (telegram-bot-api, WebhookActor.cpp):
updates of one chat go out one after the other, and so do the presses of one person; everything else side by side. An
update is delivered when the answer's status is 2xx. If not it comes again, at once after the first failure, then after
pauses that double up to a minute or two, or as the answer's `Retry-After` says; what follows it in its chat waits.

Not imitated: TLS, which is why only addresses of this machine are called; the day after which an update is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from tests.fakes.loops import patient
from tests.fakes.telegram_errors import bad_request
from tests.fakes.telegram_updates import Update, UpdateQueue

PORTS = (443, 80, 88, 8443)
USUAL_CONNECTIONS = 40
MOST_CONNECTIONS = 100
LONGEST_PAUSE = 60.0
ANSWER_WITHIN = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt to deliver an update; `status` is None where no answer came."""

    update_id: int
    status: int | None


@dataclass(slots=True)
class _Lane:
    """What goes out one after the other."""

    busy: bool = False
    failures: int = 0
    delay: float = 1.0
    not_before: float = 0.0


@dataclass(slots=True, eq=False)
class Webhook:
    """`posts` are all attempts so far."""

    queue: UpdateQueue
    url: str = ""
    secret: str = ""
    connections: int = USUAL_CONNECTIONS
    posts: list[Post] = field(default_factory=list)
    last_error: tuple[int, str] | None = None
    _lanes: dict[Hashable, _Lane] = field(default_factory=dict)
    _runner: asyncio.Task[None] | None = None
    _runners: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _attempted: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, url: str, secret: str, connections: int) -> None:
        """Deliver there from now on; "" to nobody. Raises ApiError for what Telegram refuses."""
        if url:
            _check(url, secret)
        self._stop()
        self.url, self.secret = url, secret
        self.connections = min(max(connections, 1), MOST_CONNECTIONS)
        self.last_error = None
        self.queue.webhook = url
        if url and urlsplit(url).hostname == "127.0.0.1":
            self.queue.arrived = self._changed.set
            self._runner = asyncio.create_task(self._run(), name="the fake's webhook")
            self._runners.add(self._runner)
            self._runner.add_done_callback(self._runners.discard)

    def info(self) -> dict[str, Any]:
        if not self.queue.webhook:
            return {}
        facts: dict[str, Any] = {"max_connections": self.connections, "ip_address": "127.0.0.1"}
        if self.last_error is not None:
            facts["last_error_date"], facts["last_error_message"] = self.last_error
        return facts

    async def until(self, seen: Callable[[Webhook], bool], timeout: float = 30.0) -> None:
        """Wait until something holds that changes with an attempt to deliver."""
        async with asyncio.timeout(patient(timeout)):
            while not seen(self):
                self._attempted.clear()
                await self._attempted.wait()

    async def close(self) -> None:
        self._stop()
        if self._runners:
            await asyncio.wait(self._runners)

    def _stop(self) -> None:
        self.queue.arrived = None
        if self._runner is not None:
            self._runner.cancel()
        self._runner = None
        self._lanes = {}

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=patient(ANSWER_WITHIN))
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                pause = self._send_what_is_due(session, group)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()

    def _send_what_is_due(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> float | None:
        """Begin what can go out; returns the seconds until more can, None where only news can bring more."""
        now = asyncio.get_running_loop().time()
        waits: list[float] = []
        seen: set[Hashable] = set()
        for update in self.queue.due():
            key = _lane_of(update)
            lane = self._lanes.setdefault(key, _Lane())
            if key in seen or lane.busy:
                continue
            seen.add(key)
            if lane.not_before > now:
                waits.append(lane.not_before - now)
            elif sum(each.busy for each in self._lanes.values()) < self.connections:
                lane.busy = True
                group.create_task(self._deliver(session, update, lane))
        return min(waits, default=None)

    async def _deliver(self, session: aiohttp.ClientSession, update: Update, lane: _Lane) -> None:
        headers = {"Content-Type": "application/json", **({SECRET_HEADER: self.secret} if self.secret else {})}
        status, retry_after, problem = None, 0.0, ""
        try:
            async with session.post(self.url, data=orjson.dumps(update), headers=headers) as response:
                await response.read()
                status, retry_after = response.status, float(response.headers.get("Retry-After", 0))
                problem = f"Wrong response from the webhook: {status} {response.reason}"
        except aiohttp.ClientConnectorError:
            problem = "Connection refused"
        except (aiohttp.ClientError, OSError):
            problem = "Webhook connection closed"
        except TimeoutError:
            problem = "Read timeout expired"
        self.posts.append(Post(update["update_id"], status))
        lane.busy = False
        if status is not None and 200 <= status <= 299:
            lane.failures, lane.delay = 0, 1.0
            self.queue.done(update)
        else:
            self._failed(lane, retry_after, problem)
        self._changed.set()
        self._attempted.set()

    def _failed(self, lane: _Lane, retry_after: float, problem: str) -> None:
        pause = retry_after
        if not retry_after and lane.failures:
            pause = lane.delay = min(LONGEST_PAUSE, lane.delay * 2)
        lane.failures += 1
        lane.not_before = asyncio.get_running_loop().time() + pause
        self.last_error = (int(time.time()), problem)


def _check(url: str, secret: str) -> None:
    address = urlsplit(url)
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    if address.hostname == "127.0.0.1":
        return  # where tests are at home; as the Bot API server of one's own, started with --local
    if address.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (address.port or 443) not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _lane_of(update: Update) -> Hashable:
    """The chat of a message, the person of a press; whatever else belongs to nobody."""
    for kind, payload in update.items():
        match payload:
            case {"chat": {"id": chat}}:
                return "chat", chat
            case {"from": {"id": person}} if kind == "callback_query":
                return "presses", person
    return "update", update["update_id"]
