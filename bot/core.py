"""The core, wired up: from the settings and what is open to the one door for what arrives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bot.access.access import Access
from bot.access.budgeting import Budgeting, configured_budgets
from bot.access.claim import Claim
from bot.access.guard import Guard
from bot.access.metering import Estimate, Metered
from bot.access.policy import AccessPolicy, parse_ids
from bot.access.prices import load_prices
from bot.access.throttle import Throttle
from bot.admission import Admission
from bot.calls import Calls
from bot.commands.catalogue import COMMANDS
from bot.commands.services import Services
from bot.conversation.accounts import Accounts
from bot.conversation.course import Course, Courses
from bot.conversation.estimates import Estimates
from bot.conversation.inquirer import Inquirer
from bot.conversation.inquiry import Toolbox
from bot.conversation.intake import Hearing, Intake
from bot.conversation.lanes import Lanes
from bot.conversation.listening import Listening
from bot.conversation.manners import Manners
from bot.conversation.overheard import Overheard
from bot.conversation.painting import Painter
from bot.conversation.personas import PersonaBook, load_personas
from bot.conversation.picture_tool import PictureTool
from bot.conversation.reviving import Reviving
from bot.conversation.running import Running, end
from bot.conversation.setup import Setups
from bot.conversation.sight import Sight
from bot.conversation.studio import Studio
from bot.conversation.summary_writer import SummaryWriter
from bot.conversation.summing import Summaries
from bot.conversation.talk import Talking
from bot.conversation.turn import Turns
from bot.conversation.versions import Versions
from bot.conversation.voice import Speaking, Voice
from bot.domain.ids import ChatRef, Person
from bot.door import Door
from bot.forgetting import Forgetting, keep_short
from bot.llm.profiles import image_abilities, profile_of
from bot.llm.tokens import estimate_tokens
from bot.media.chart import Charts
from bot.media.workshop import Workshop
from bot.models import Models
from bot.ports import Store
from bot.questions import Questions
from bot.queue import Queue
from bot.readings import show_mail, show_trouble, show_work
from bot.recovery import Recovery
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.replies.speaker import Speaker
from bot.router import Router
from bot.settings import Settings
from bot.status import BotStatus
from bot.tasks import TaskOwner
from bot.telemetry.metrics import Metrics
from bot.watching import Watching

log = logging.getLogger(__name__)

USUAL_REPLY = 2_000
"""Tokens that are set aside for a reply of which nobody said how long it may be; most are shorter."""

CALLS_FOR_A_MESSAGE = 3
"""How many commands and buttons that ask no model a person may send in the time of one question."""


@asynccontextmanager
async def open_core(
    settings: Settings,
    store: Store,
    models: Models,
    workshop: Workshop,
    owner: TaskOwner,
    platforms: Sequence[str],
    metrics: Metrics,
) -> AsyncIterator[Door]:
    """Leave it when nothing of `owner` is running any more. `platforms` are their names."""
    access = Access(access_policy(settings), store.rules)
    await access.load()
    claim = Claim(access)
    claim.open()
    manners = Manners(store.preferences)
    await manners.load()
    configured = configured_budgets(settings.daily_tokens_per_user, settings.daily_tokens)
    budgets = Budgeting(store.ledger, store.budgets, configured)
    await budgets.reload()
    estimates = Estimates(estimate_tokens)
    estimate = Estimate(
        prompt=estimates.request,
        text=lambda model, text: estimates.of(model)(text),
        most=lambda model: min(USUAL_REPLY, profile_of(model).max_output or USUAL_REPLY),
    )
    # What ships holds for the providers' own addresses.
    elsewhere = {*settings.providers, *(["openai"] if settings.openai_base_url else [])}
    async with AsyncExitStack() as stack:
        metered = await stack.enter_async_context(
            Metered(models.gateway, load_prices(settings.prices, elsewhere), budgets, estimate, metrics)
        )
        outbox = await stack.enter_async_context(Outbox(store.outbox, store.notes))
        gates = Gates(outbox.pause, metrics)
        gates.recall(await outbox.pauses())
        speaker = Speaker(gates, outbox)
        running = Running()
        lanes = Lanes(owner)
        show_work(metrics, gates, lanes, running)
        personas = PersonaBook(load_personas(settings.personas_file), store.personas)
        setups = Setups(store.preferences, personas, models.default)
        accounts = Accounts(access.is_admin)
        sight = Sight(
            lambda model: profile_of(model).vision, lambda model: profile_of(model).picture_side, settings.vision_model
        )
        painter = None if models.image is None else Painter(metered, workshop, models.image, image_abilities)
        guard = Guard(metered, models.moderation, settings.moderation)

        async def side(chat: ChatRef, person: Person) -> int:
            return sight.side_for((await setups.of(chat, person)).model)

        def tools(course: Course, pictured: bool) -> Toolbox | None:
            # Some models think only where they have no tools: they get this one where pictures are being talked about.
            dear = profile_of(course.outcome.model).tools_without_reasoning and not pictured
            return None if painter is None or dear else PictureTool(painter, store, gates, course, outbox)

        intake = Intake(
            workshop,
            models.downloader,
            metered,
            Hearing(models.transcription, settings.transcription_language, settings.transcription_prompt),
            accounts,
            side=side,
            document_tokens=settings.document_tokens,
            observer=metrics,
        )
        summaries = Summaries(store.conversations, SummaryWriter(metered, estimates) if settings.summaries else None)
        stack.push_async_callback(summaries.close)
        inquirer = Inquirer(
            store.conversations,
            metered,
            estimates,
            summaries,
            budget=lambda model: history_budget(model, settings.history_tokens),
            most_history=settings.history_tokens,
        )
        courses = Courses(
            store.conversations,
            gates,
            running,
            accounts,
            guard,
            budgets,
            most=settings.answer_messages,
            outbox=outbox,
            observer=metrics,
        )
        turns = Turns(
            store,
            inquirer,
            setups,
            courses,
            sight,
            manners,
            guard,
            tools=tools,
            show_transcripts=settings.show_transcripts,
        )
        studio = Studio(store, gates, speaker, running, intake, accounts, painter, outbox, metrics)
        speaking = None if models.speech is None else Speaking(models.speech, settings.speech_voice)
        voice = Voice(metered, workshop, intake, store.preferences, gates, speaker, running, accounts, speaking)
        versions = Versions(store.conversations, speaker, most=settings.answer_messages)
        talking = Talking(
            turns,
            studio,
            voice,
            intake,
            setups,
            running,
            versions,
            summaries,
            store.conversations,
            speaker=speaker,
            owner=owner,
        )
        overheard = Overheard(settings.group_context)
        forgetting = Forgetting(store, manners, overheard, summaries)
        services = Services(
            store=store,
            models=metered,
            personas=personas,
            talk=talking,
            studio=studio,
            voice=voice,
            access=access,
            default_model=models.default,
            claim=claim,
            budgets=budgets,
            charts=Charts(),
            status=BotStatus(settings.database_url, platforms, models, running, lanes),
            setups=setups,
            manners=manners,
            abilities=profile_of,
            forgetting=forgetting,
        )
        throttle = Throttle(settings.messages_per_minute, settings.turns_per_person)
        calls_throttle = Throttle(CALLS_FOR_A_MESSAGE * settings.messages_per_minute, settings.turns_per_person)
        admission = Admission(access, throttle, calls_throttle, speaker, owner)
        queue = Queue(lanes, owner, speaker, admission)
        questions = Questions(talking, queue, owner, admission, manners, Listening(manners, overheard))
        calls = Calls(COMMANDS, services, talking, queue, owner, speaker, admission)
        router = Router(COMMANDS, services, manners, admission, queue, questions, calls)
        reviving = Reviving(store.conversations, gates)
        recovery = Recovery(store, outbox, gates, lanes, owner, speaker, reviving)
        keeping = asyncio.create_task(
            keep_short(store, forgetting, settings.picture_days, settings.history_days), name="old rows"
        )
        stack.push_async_callback(end, keeping)
        watching = Watching(lanes, running, gates)
        show_trouble(metrics, models.gateway, watching)
        stack.push_async_callback(end, asyncio.create_task(watching.run(), name="watching lanes and gates"))
        door = await stack.enter_async_context(Door(store.arrivals, router, recovery))
        show_mail(metrics, door, outbox)
        yield door


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
