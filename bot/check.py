"""`parley check`: looks at everything that the settings name, one line each, for whoever runs the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.access.policy import AccessPolicy
from bot.access.prices import load_prices
from bot.app import PlatformFactory
from bot.commands.catalogue import COMMANDS
from bot.conversation.personas import load_personas
from bot.core import access_policy
from bot.errors import ModelError, ParleyError
from bot.models import Models, open_models
from bot.settings import Settings
from bot.storage.database import open_store


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    good: bool
    text: str


class _NoNotes:
    """Nothing is remembered by a check."""

    async def read(self, name: str) -> str | None:  # noqa: ARG002
        return None

    async def write(self, name: str, value: str) -> None: ...


async def check(settings: Settings, factories: Mapping[str, PlatformFactory | None]) -> AsyncIterator[Line]:
    """The lists, the database, each provider and model, each platform (None for one that is off).

    A problem in one does not keep the others from being looked at.
    """
    for line in _check_files(settings):
        yield line
    yield await _check_database(settings.database_url)
    async for line in _check_models(settings):
        yield line
    for name, make in factories.items():
        off = Line(True, f"{name.capitalize()}: off ({name.upper()}_TOKEN is not set)")
        yield await _check_platform(make) if make else off


def _check_files(settings: Settings) -> Iterator[Line]:
    yield _line("Access", lambda: _who(access_policy(settings)))
    yield _line("Prices", lambda: _prices(settings))
    yield _line("Personas", lambda: f"{len(load_personas(settings.personas_file))} to choose from")


def _who(policy: AccessPolicy) -> str:
    if not policy.admins and not policy.allowed:
        return "nobody yet; write to the bot to learn your id, and put it into ADMINS"
    allowed = "everybody" if "*" in policy.allowed else f"{len(policy.allowed)} entries in ALLOWED"
    return f"{len(policy.admins)} admins, {allowed}"


def _prices(settings: Settings) -> str:
    load_prices(settings.prices)
    return f"those that ship, and {len(settings.prices)} of PRICES"


def _line(name: str, look: Callable[[], str]) -> Line:
    try:
        return Line(True, f"{name}: {look()}")
    except ParleyError as error:
        return Line(False, str(error))


async def _check_database(url: str) -> Line:
    try:
        async with open_store(url):
            return Line(True, f"Database: {url.partition(':')[0]}, ready")
    except ParleyError as error:
        return Line(False, str(error))


async def _check_models(settings: Settings) -> AsyncIterator[Line]:
    try:
        async with open_models(settings) as models:
            for finding in await models.gateway.check([models.default, *settings.models()]):
                kind = "Model" if "/" in finding.subject else "Provider"
                good = finding.problem is None
                text = finding.note if finding.problem is None else _why(finding.problem)
                yield Line(good, f"{kind} {finding.subject}: {text}")
            for what, model, variable in (
                ("Pictures", models.image, "IMAGE_MODEL"),
                ("Recordings", models.transcription, "TRANSCRIPTION_MODEL"),
                ("Speech", models.speech, "SPEECH_MODEL"),
            ):
                yield Line(True, f"{what}: {model or f'off ({variable} is not set)'}")
            yield Line(True, f"Moderation: {_moderation(settings, models)}")
    except ParleyError as error:
        yield Line(False, str(error))


def _moderation(settings: Settings, models: Models) -> str:
    if settings.moderation == "off":
        return "off (MODERATION is off)"
    what = {"question": "questions", "answer": "answers", "both": "questions and answers"}[settings.moderation]
    return f"{models.moderation} judges {what}"


def _why(problem: ModelError) -> str:
    """What the error's class says, and what the provider said."""
    sentence = (type(problem).__doc__ or "").splitlines()[0]
    return f"{sentence} ({problem.detail})" if problem.detail else sentence


async def _check_platform(make: PlatformFactory) -> Line:
    platform = make(_NoNotes(), COMMANDS)
    try:
        async with platform:
            return Line(True, await platform.check())
    except ParleyError as error:
        return Line(False, f"{platform.name.capitalize()}: {error}")
