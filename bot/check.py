"""`parley check`: reaches everything that the settings name, one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.app import PlatformFactory, open_models
from bot.commands.catalogue import COMMANDS
from bot.errors import ModelError, ParleyError
from bot.ports import Store
from bot.replies import notices
from bot.settings import Settings
from bot.storage.database import open_store


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    good: bool
    text: str


async def check(settings: Settings, factories: Sequence[PlatformFactory]) -> AsyncIterator[Line]:
    """The database, each provider and model, each platform; a problem in one does not keep the others from the list."""
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(open_store(settings.database_url))
        except ParleyError as error:
            yield Line(False, str(error))
            return
        yield Line(True, f"Database: {settings.database_url.partition(':')[0]}, ready")
        async for line in _check_models(settings):
            yield line
        for make in factories:
            yield await _check_platform(make, store)


async def _check_models(settings: Settings) -> AsyncIterator[Line]:
    async with open_models(settings) as models:
        for finding in await models.gateway.check([models.default, *settings.models()]):
            kind = "Model" if "/" in finding.subject else "Provider"
            if finding.problem is None:
                yield Line(True, f"{kind} {finding.subject}: {finding.note}")
            else:
                yield Line(False, f"{kind} {finding.subject}: {_why(finding.problem)}")


def _why(problem: ModelError) -> str:
    sentence = notices.for_model_error(problem)
    return f"{sentence} ({problem.detail})" if problem.detail and problem.detail not in sentence else sentence


async def _check_platform(make: PlatformFactory, store: Store) -> Line:
    platform = make(store.notes, COMMANDS)
    try:
        async with platform:
            return Line(True, await platform.check())
    except ParleyError as error:
        return Line(False, f"{platform.name.capitalize()}: {error}")
