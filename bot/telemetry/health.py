"""Whether the bot is ready: each part is asked, within a bounded time, by whoever runs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bot import clock
from bot.domain.circuits import CircuitView
from bot.ports import Notes, Platform

log = logging.getLogger(__name__)

PROBE_SECONDS = 2.0
"""What a part may take to answer; whoever asks waits for five or ten seconds, usually."""
FRESH_SECONDS = 1.0
"""So long a report is handed out again: however often it is asked for, the database is asked once a second."""

Phase = Literal["starting", "serving", "stopping"]
Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Part:
    """How a part of the bot is. `facts` are shown to anybody who reaches the server: no secrets, nobody's words."""

    ready: bool
    facts: Mapping[str, Fact] = field(default_factory=dict)


Probe = Callable[[], Awaitable[Part]]
"""Looks at a part. One that raises, or takes longer than `PROBE_SECONDS`, found it not ready."""


@dataclass(frozen=True, slots=True)
class Report:
    phase: Phase
    parts: Mapping[str, Part]

    @property
    def ready(self) -> bool:
        return self.phase == "serving" and all(part.ready for part in self.parts.values())

    def as_json(self) -> dict[str, object]:
        parts = {name: {"ready": part.ready, **part.facts} for name, part in self.parts.items()}
        return {"ready": self.ready, "phase": self.phase, "parts": parts}


class Health:
    """Not ready before `start`, nor after `stop`; in between as its parts are."""

    def __init__(self) -> None:
        self._phase: Phase = "starting"
        self._probes: Mapping[str, Probe] = {}
        self._latest: tuple[float, Mapping[str, Part]] | None = None
        self._asking = asyncio.Lock()

    def start(self, probes: Mapping[str, Probe]) -> None:
        self._phase, self._probes, self._latest = "serving", probes, None

    def stop(self) -> None:
        """The bot is going: it takes nothing new, and its parts may be closed from now on."""
        self._phase, self._probes, self._latest = "stopping", {}, None

    async def report(self) -> Report:
        parts = await self._ask() if self._phase == "serving" else {}
        # The end may have come meanwhile.
        return Report(self._phase, parts if self._phase == "serving" else {})

    async def _ask(self) -> Mapping[str, Part]:
        async with self._asking:
            if self._latest is None or clock.now() - self._latest[0] > FRESH_SECONDS:
                names, probes = tuple(self._probes), tuple(self._probes.values())
                found = await asyncio.gather(*(_look(name, probe) for name, probe in zip(names, probes, strict=True)))
                self._latest = clock.now(), dict(zip(names, found, strict=True))
            return self._latest[1]


async def _look(name: str, probe: Probe) -> Part:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe()
    except TimeoutError:
        return Part(ready=False, facts={"problem": "no answer in time"})
    except Exception as error:
        # Whatever it is, the part does not work; what it says could name a host or a file.
        log.warning("%s is not ready: %s", name, error)
        return Part(ready=False, facts={"problem": type(error).__name__})


def platform_part(now: float, healthy_at: float | None, silence: float) -> Part:
    """How a platform is that was last there at `healthy_at` and counts as gone after so many seconds of silence."""
    if healthy_at is None:
        return Part(ready=False, facts={"connected": False, "seconds_since_exchange": None})
    since = now - healthy_at
    connected = since <= silence
    return Part(ready=connected, facts={"connected": connected, "seconds_since_exchange": round(since, 1)})


def platform_probe(platform: Platform, restarts: Mapping[str, int]) -> Probe:
    """`restarts`: how often each platform was started anew, by name."""

    async def probe() -> Part:
        part = platform_part(clock.now(), platform.healthy_at, platform.silence)
        return replace(part, facts={**part.facts, "restarts": restarts.get(platform.name, 0)})

    return probe


def database_probe(notes: Notes) -> Probe:
    async def probe() -> Part:
        began = clock.now()
        await notes.read("health")
        return Part(ready=True, facts={"seconds": round(clock.now() - began, 3)})

    return probe


def models_probe(answering: Sequence[str], circuits: Callable[[], Mapping[str, CircuitView]]) -> Probe:
    """`answering` are the models that answer where nobody chose another, the first one and its fallbacks: people get
    answers as long as one of them is not left alone."""

    async def probe() -> Part:
        open_now = {name: view for name, view in circuits().items() if view.state != "closed"}
        facts: dict[str, Fact] = {name: f"{view.state} ({view.reason})" for name, view in sorted(open_now.items())}
        return Part(ready=any(name not in open_now for name in answering), facts=facts)

    return probe
