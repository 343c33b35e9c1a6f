"""The composition root: builds every part from the settings, runs the platforms, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot.access.policy import AccessPolicy, parse_ids
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services
from bot.commands.spec import Command
from bot.conversation.lanes import Lanes
from bot.conversation.personas import PersonaBook, load_personas
from bot.conversation.setup import Setups
from bot.conversation.talk import Talking
from bot.conversation.turn import Turns
from bot.errors import SettingsError
from bot.llm.demo import MODEL as DEMO_MODEL
from bot.llm.gateway import Gateway
from bot.llm.local import find_local
from bot.llm.profiles import profile_of
from bot.llm.tokens import estimate_tokens
from bot.ports import Inbox, Notes, Platform, Store
from bot.providers import configured, default_model
from bot.replies.gate import Gates
from bot.replies.speaker import Speaker
from bot.router import Router
from bot.settings import Settings
from bot.storage.database import open_store
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

PlatformFactory = Callable[[Notes, tuple[Command, ...]], Platform]
"""Makes a platform from what it may keep and the commands it offers."""


@dataclass(frozen=True, slots=True)
class Models:
    """The gateway, entered, and the model that answers where nobody chose another."""

    gateway: Gateway
    default: str


@asynccontextmanager
async def open_models(settings: Settings) -> AsyncIterator[Models]:
    """The configured providers; with none a model server on this machine, and without that the demonstration."""
    providers = configured(settings)
    default = settings.chat_model or default_model(providers)
    if providers and default is None:
        names = ", ".join(provider.name for provider in providers)
        problem = f"is missing, and nobody knows which model of {names} should answer."
        raise SettingsError("CHAT_MODEL", problem, f"{providers[0].name}/the-model")
    if not providers and default is None:
        local = await find_local()
        if local is not None:
            log.info("no provider is configured; %s on this machine answers", local.model)
            providers, default = [local.provider], local.model
    gateway = Gateway(providers, fallbacks=settings.fallback_models, options=settings.model_options)
    async with gateway:
        yield Models(gateway, default or DEMO_MODEL)


async def run(settings: Settings, factories: Sequence[PlatformFactory], *, ends_with_input: bool = False) -> None:
    """Serve until a signal comes, or until every platform's input has ended.

    `ends_with_input`: the input is a person's or a script's own (the console), so that what was asked is answered to
    the end, however long it takes.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database_url))
        models = await stack.enter_async_context(open_models(settings))
        owner = TaskOwner()
        stack.push_async_callback(owner.close)
        platforms = [await stack.enter_async_context(make(store.notes, COMMANDS)) for make in factories]
        inbox = build_router(settings, store, models, owner)
        log.info("%s answers; history is in %s", models.default, settings.database_url.partition(":")[0])
        stopped = await _receive(platforms, inbox)
        await _drain(owner, settings.drain_seconds if stopped or not ends_with_input else None)


def build_router(settings: Settings, store: Store, models: Models, owner: TaskOwner) -> Router:
    """The core, wired up."""
    policy = access_policy(settings)
    if not policy.admins and not policy.allowed:
        log.warning("nobody is allowed yet: write to the bot to learn your id, and put it into ADMINS")
    gates = Gates()
    personas = PersonaBook(load_personas(settings.personas_file), store.personas)
    setups = Setups(store.preferences, personas, models.default)
    turns = Turns(
        store,
        models.gateway,
        setups,
        gates,
        estimate=estimate_tokens,
        budget=lambda model: history_budget(model, settings.history_tokens),
        most_history=settings.history_tokens,
    )
    services = Services(
        store=store,
        models=models.gateway,
        personas=personas,
        talk=Talking(turns, setups, store.conversations),
        access=policy,
        default_model=models.default,
    )
    return Router(COMMANDS, services, turns, Lanes(owner), owner, Speaker(gates), policy)


def access_policy(settings: Settings) -> AccessPolicy:
    """Who may use the bot; raises SettingsError."""
    admins = parse_ids("ADMINS", settings.admins)
    return AccessPolicy(admins, parse_ids("ALLOWED", settings.allowed, everybody=True))


def history_budget(model: str, most: int) -> int:
    """Tokens of history that a request may carry: the model's window less the reply, at most `most`."""
    profile = profile_of(model)
    if profile.context is None:
        return most
    reply = min(profile.max_output or profile.context // 4, profile.context // 2)
    return min(most, profile.context - reply)


async def _receive(platforms: Sequence[Platform], inbox: Inbox) -> bool:
    """Let every platform receive until a signal comes (True) or all of them are done (False)."""
    stop = asyncio.Event()

    async def end_on_signal(receivers: Sequence[asyncio.Task[None]]) -> None:
        await stop.wait()
        for receiver in receivers:
            receiver.cancel()

    with _signals(stop):
        async with asyncio.TaskGroup() as group:
            receivers = [group.create_task(each.receive(inbox), name=f"receive {each.name}") for each in platforms]
            ending = group.create_task(end_on_signal(receivers))
            await asyncio.wait(receivers)
            ending.cancel()
    return stop.is_set()


async def _drain(owner: TaskOwner, seconds: float | None) -> None:
    """Let running answers end, for so many seconds; then they are told to. Another signal ends the wait."""
    hurry = asyncio.Event()
    with _signals(hurry):
        settling = asyncio.create_task(owner.settle(seconds))
        hurrying = asyncio.create_task(hurry.wait())
        await asyncio.wait([settling, hurrying], return_when=asyncio.FIRST_COMPLETED)
        for task in (settling, hurrying):
            task.cancel()
        await asyncio.wait([settling, hurrying])
        await owner.close()


@contextmanager
def _signals(event: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set the event."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
