"""The composition root: builds every part from the settings, runs the platforms, and ends them in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from yarl import URL

from bot import clock
from bot.access.policy import AccessPolicy, parse_ids
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services
from bot.commands.spec import Command
from bot.conversation.course import Course, Courses
from bot.conversation.inquiry import Toolbox
from bot.conversation.intake import Hearing, Intake
from bot.conversation.lanes import Lanes
from bot.conversation.painting import Painter
from bot.conversation.personas import PersonaBook, load_personas
from bot.conversation.picture_tool import PictureTool
from bot.conversation.running import Running, end
from bot.conversation.setup import Setups
from bot.conversation.sight import Sight
from bot.conversation.studio import Studio
from bot.conversation.talk import Talking
from bot.conversation.turn import Turns
from bot.conversation.voice import Speaking, Voice
from bot.domain.ids import ChatRef, Person
from bot.errors import SettingsError, StorageError
from bot.llm import demo
from bot.llm.gateway import Gateway
from bot.llm.local import find_local
from bot.llm.profiles import image_abilities, profile_of
from bot.llm.tokens import estimate_tokens
from bot.media.download import Downloader
from bot.media.workshop import Workshop
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


DROP_EVERY = 6 * 3600.0
"""Seconds between two looks for pictures that have been kept long enough."""


@dataclass(frozen=True, slots=True)
class Models:
    """The gateway and what it fetches with, entered; the model that answers where nobody chose another, and those that
    paint, hear and speak, None where there is none."""

    gateway: Gateway
    downloader: Downloader
    default: str
    image: str | None = None
    transcription: str | None = None
    speech: str | None = None


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
    trusted = [f"{url.host}:{url.port}" for url in (URL(provider.base_url) for provider in providers)]
    async with Downloader(trusted) as downloader:
        gateway = Gateway(
            providers,
            fallbacks=settings.fallback_models,
            options=settings.model_options,
            fetch=downloader.fetch,
        )
        async with gateway:
            # Without a provider the demonstration shows these, too.
            shown = (None, None, None) if providers else (demo.PICTURE, demo.HEARING, demo.VOICE)
            yield Models(
                gateway,
                downloader,
                default or demo.MODEL,
                image=settings.image_model or default_model(providers, "image") or shown[0],
                transcription=settings.transcription_model or default_model(providers, "transcription") or shown[1],
                speech=settings.speech_model or default_model(providers, "speech") or shown[2],
            )


async def run(settings: Settings, factories: Sequence[PlatformFactory], *, ends_with_input: bool = False) -> None:
    """Serve until a signal comes, or until every platform's input has ended.

    `ends_with_input`: the input is a person's or a script's own (the console), so that what was asked is answered to
    the end, however long it takes.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.database_url))
        models = await stack.enter_async_context(open_models(settings))
        workshop = await stack.enter_async_context(Workshop())
        owner = TaskOwner()
        stack.push_async_callback(owner.close)
        platforms = [await stack.enter_async_context(make(store.notes, COMMANDS)) for make in factories]
        inbox = build_router(settings, store, models, workshop, owner)
        keeping = asyncio.create_task(_drop_old_pictures(store, settings.picture_days), name="old pictures")
        stack.push_async_callback(end, keeping)
        log.info("%s answers; history is in %s", models.default, settings.database_url.partition(":")[0])
        stopped = await _receive(platforms, inbox)
        await _drain(owner, settings.drain_seconds if stopped or not ends_with_input else None)


def build_router(settings: Settings, store: Store, models: Models, workshop: Workshop, owner: TaskOwner) -> Router:
    """The core, wired up."""
    policy = access_policy(settings)
    if not policy.admins and not policy.allowed:
        log.warning("nobody is allowed yet: write to the bot to learn your id, and put it into ADMINS")
    gates = Gates()
    speaker = Speaker(gates)
    running = Running()
    personas = PersonaBook(load_personas(settings.personas_file), store.personas)
    setups = Setups(store.preferences, personas, models.default)
    sight = Sight(
        lambda model: profile_of(model).vision, lambda model: profile_of(model).picture_side, settings.vision_model
    )
    painter = None
    if models.image is not None:
        painter = Painter(models.gateway, workshop, models.image, image_abilities)

    async def side(chat: ChatRef, person: Person) -> int:
        return sight.side_for((await setups.of(chat, person)).model)

    def tools(course: Course, pictured: bool) -> Toolbox | None:
        # Some models think only where they have no tools: they get this one where pictures are being talked about.
        dear = profile_of(course.outcome.model).tools_without_reasoning and not pictured
        return None if painter is None or dear else PictureTool(painter, store, gates, course)

    intake = Intake(
        workshop,
        models.downloader,
        models.gateway,
        Hearing(models.transcription, settings.transcription_language, settings.transcription_prompt),
        side=side,
        document_tokens=settings.document_tokens,
    )
    turns = Turns(
        store,
        models.gateway,
        setups,
        Courses(store.conversations, gates, running),
        sight,
        tools=tools,
        estimate=estimate_tokens,
        budget=lambda model: history_budget(model, settings.history_tokens),
        most_history=settings.history_tokens,
        show_transcripts=settings.show_transcripts,
    )
    studio = Studio(store, gates, speaker, running, intake, painter)
    speaking = None if models.speech is None else Speaking(models.speech, settings.speech_voice)
    voice = Voice(models.gateway, workshop, intake, store.preferences, gates, speaker, running, speaking)
    talking = Talking(turns, studio, voice, intake, setups, running, store.conversations, speaker=speaker, owner=owner)
    services = Services(
        store=store,
        models=models.gateway,
        personas=personas,
        talk=talking,
        studio=studio,
        voice=voice,
        access=policy,
        default_model=models.default,
    )
    return Router(COMMANDS, services, talking, Lanes(owner), owner, speaker, policy)


async def _drop_old_pictures(store: Store, days: int) -> None:
    """Forget pictures that were shown or made so many days ago; the words of the conversations stay."""
    while True:
        try:
            dropped = await store.pictures.drop_before(clock.utc_now() - timedelta(days=days))
            if dropped:
                log.info("%d pictures were older than %d days and are forgotten", dropped, days)
        except StorageError as error:
            log.warning("old pictures could not be looked for: %s", error)
        await clock.sleep(DROP_EVERY)


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
