"""The composition root: opens every part from the settings, runs the platforms, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from bot.commands.catalogue import COMMANDS
from bot.commands.spec import Command
from bot.core import open_core
from bot.media.workshop import Workshop
from bot.models import open_models
from bot.ports import Inbox, Notes, Platform
from bot.settings import Settings
from bot.storage.database import open_store
from bot.tasks import TaskOwner
from bot.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)

PlatformFactory = Callable[[Notes, tuple[Command, ...]], Platform]
"""Makes a platform from what it may keep and the commands it offers."""


async def run(settings: Settings, factories: Sequence[PlatformFactory], *, ends_with_input: bool = False) -> None:
    """Serve until a signal comes, or until every platform's input has ended.

    `ends_with_input`: the input is a person's or a script's own (the console), so that what was asked is answered to
    the end, however long it takes.
    """
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        signals = stack.enter_context(_signals())
        stack.enter_context(metrics.counting_log_lines())
        store = await stack.enter_async_context(open_store(settings.database_url))
        models = await stack.enter_async_context(open_models(settings, metrics))
        workshop = await stack.enter_async_context(Workshop())
        owner = TaskOwner()
        stack.push_async_callback(owner.close)
        platforms = [await stack.enter_async_context(make(store.notes, COMMANDS)) for make in factories]
        names = [platform.name for platform in platforms]
        inbox = await stack.enter_async_context(open_core(settings, store, models, workshop, owner, names, metrics))
        log.info("%s answers; history is in %s", models.default, settings.database_url.partition(":")[0])
        await _receive(platforms, inbox, signals.stop)
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

    def _came(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


async def _receive(platforms: Sequence[Platform], inbox: Inbox, stop: asyncio.Event) -> None:
    """Let every platform receive until it is told to stop or all of them are done."""

    async def end_on_signal(receivers: Sequence[asyncio.Task[None]]) -> None:
        await stop.wait()
        for receiver in receivers:
            receiver.cancel()

    async with asyncio.TaskGroup() as group:
        receivers = [group.create_task(each.receive(inbox), name=f"receive {each.name}") for each in platforms]
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
def _signals() -> Iterator[_Signals]:
    signals = _Signals()
    signals.listen()
    try:
        yield signals
    finally:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
