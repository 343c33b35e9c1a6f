"""The composition root: opens every part from the settings, runs the platforms, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from bot.commands.catalogue import COMMANDS
from bot.commands.spec import Command
from bot.core import open_core
from bot.http import HttpServer, pages_of
from bot.media.workshop import Workshop
from bot.models import open_models
from bot.ports import Inbox, Notes, Platform
from bot.settings import Settings
from bot.storage.database import open_store
from bot.storage.sole import sole
from bot.tasks import TaskOwner
from bot.telemetry.health import Health, database_probe, models_probe, platform_probe
from bot.telemetry.metrics import Metrics
from bot.watchdog import Watchdog

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)

PlatformFactory = Callable[[Notes, tuple[Command, ...]], Platform]
"""Makes a platform from what it may keep and the commands it offers."""


async def run(settings: Settings, factories: Sequence[PlatformFactory], *, ends_with_input: bool = False) -> None:
    """Serve until a signal comes, or until every platform's input has ended.

    `ends_with_input`: the input is a person's or a script's own (the console), so that what was asked is answered to
    the end, however long it takes.
    """
    health = Health()
    metrics = Metrics()
    server = HttpServer(pages_of(health, metrics.render))
    async with AsyncExitStack() as stack:
        signals = stack.enter_context(_listening())
        stack.enter_context(metrics.counting_log_lines())
        store = await stack.enter_async_context(open_store(settings.database_url))
        made = [make(store.notes, COMMANDS) for make in factories]
        alone = [sole(settings.database_url, bot, signals.at_once) for bot in _bots(settings, made)]
        if not await _entered(stack, alone, signals.stop):
            return
        if settings.http_port is not None and not ends_with_input:
            # Before all else that takes time, and until the end, but never while another process has the same port.
            await stack.enter_async_context(server.listening(settings.host, settings.http_port))
        models = await stack.enter_async_context(open_models(settings, metrics))
        workshop = await stack.enter_async_context(Workshop())
        owner = TaskOwner()
        stack.push_async_callback(owner.close)
        platforms = [await stack.enter_async_context(platform) for platform in made]
        names = [platform.name for platform in platforms]
        inbox = await stack.enter_async_context(open_core(settings, store, models, workshop, owner, names, metrics))
        log.info("%s answers; history is in %s", models.default, settings.database_url.partition(":")[0])
        watchdog = Watchdog()
        restarts = "How often a platform that fell silent was connected to anew."
        metrics.read("platform_restarts_total", restarts, lambda: watchdog.restarts, label="platform")
        server.open_hooks({path: hook for platform in platforms for path, hook in platform.hooks.items()})
        health.start(
            {platform.name: platform_probe(platform, watchdog.restarts) for platform in platforms}
            | {
                "database": database_probe(store.notes),
                "models": models_probe((models.default, *settings.fallback_models), models.gateway.circuits),
            }
        )
        stack.callback(health.stop)
        await _receive(platforms, inbox, watchdog, signals.stop)
        health.stop()
        await inbox.settle()
        stopped = signals.stop.is_set()
        await _drain(owner, settings.drain_seconds if stopped or not ends_with_input else None, signals)


@dataclass(frozen=True, slots=True)
class _Signals:
    """SIGTERM and SIGINT: the first one asks the bot to end, a second one not to wait for anything, as does one that
    comes when the end has begun without any."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._came)

    def at_once(self) -> None:
        """End without waiting: another process serves now, and answers what is unanswered."""
        self.stop.set()
        self.hurry.set()

    def _came(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


def _bots(settings: Settings, platforms: Sequence[Platform]) -> Iterator[str]:
    """The name of each bot: what stands in its token before the first : or . is its id, which others may know."""
    tokens = {"telegram": settings.telegram_token, "discord": settings.discord_token}
    for name in sorted(platform.name for platform in platforms):
        if (token := tokens.get(name)) is not None:
            yield f"{name}:{re.split('[:.]', token.get_secret_value())[0]}"


async def _entered(
    stack: AsyncExitStack, contexts: Sequence[AbstractAsyncContextManager[None]], stop: asyncio.Event
) -> bool:
    """Enter them one after another; False when `stop` came first."""

    async def enter() -> None:
        for context in contexts:
            await stack.enter_async_context(context)

    entering, stopping = asyncio.create_task(enter()), asyncio.create_task(stop.wait())
    await asyncio.wait([entering, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        entering.cancel()
    await asyncio.wait([entering, stopping])
    if not entering.cancelled():
        entering.result()
    return not stop.is_set()


async def _receive(platforms: Sequence[Platform], inbox: Inbox, watchdog: Watchdog, stop: asyncio.Event) -> None:
    """Let every platform receive until it is told to stop or all of them are done."""

    async def end_on_signal(receivers: Sequence[asyncio.Task[None]]) -> None:
        await stop.wait()
        for receiver in receivers:
            receiver.cancel()

    async with asyncio.TaskGroup() as group:
        receivers = [group.create_task(watchdog.watch(each, inbox), name=f"watch {each.name}") for each in platforms]
        ending = group.create_task(end_on_signal(receivers))
        await asyncio.wait(receivers)
        ending.cancel()


async def _drain(owner: TaskOwner, seconds: float | None, signals: _Signals) -> None:
    """Let running answers end, for so many seconds; then they are told to. Another signal ends the wait."""
    signals.stop.set()
    signals.listen()  # the console listened to one of them meanwhile
    settling = asyncio.create_task(owner.settle(seconds))
    hurrying = asyncio.create_task(signals.hurry.wait())
    await asyncio.wait([settling, hurrying], return_when=asyncio.FIRST_COMPLETED)
    for task in (settling, hurrying):
        task.cancel()
    await asyncio.wait([settling, hurrying])
    await owner.close()


@contextmanager
def _listening() -> Iterator[_Signals]:
    signals = _Signals()
    signals.listen()
    try:
        yield signals
    finally:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
