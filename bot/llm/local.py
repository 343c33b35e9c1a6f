"""Looks for a model server on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import ModelError
from bot.llm.endpoint import Endpoint
from bot.llm.profiles import chats
from bot.llm.providers import LOCAL, Provider


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answers; `model` is the `provider/model` to talk to."""

    provider: Provider
    model: str


async def find_local(candidates: Sequence[Provider] = LOCAL, patience: float = 0.3) -> LocalServer | None:
    """The first of the candidates that lists a model that chats; waits at most `patience` seconds for a byte."""
    found = await asyncio.gather(*(_probe(provider, patience) for provider in candidates))
    return next((server for server in found if server is not None), None)


async def _probe(provider: Provider, patience: float) -> LocalServer | None:
    endpoint = Endpoint(provider, {}, connect=patience, silence=patience)
    try:
        models = await endpoint.models()
    except ModelError:
        return None
    finally:
        await endpoint.close()
    return next((LocalServer(provider, model.name) for model in models if chats(model.name)), None)
