"""Whether a text may be said, by a provider's moderation endpoint: one try."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.domain.moderation import ModerationRequest, Verdict
from bot.errors import BrokenStream
from bot.llm.bodies import json_body, read_body
from bot.llm.endpoint import Attempt, Endpoint

SILENCE = 20.0
"""Seconds without a byte: a verdict takes well under one, and a question waits for it."""

PIECE = 2000
"""Characters: OpenAI's help pages say that long texts are judged less well."""

OVERLAP = 200
"""Characters that two pieces share, so that a sentence is whole in one of them."""

# What Mistral marks beside what is harmful: that a question is about such a matter
# (https://docs.mistral.ai/studio/safety-moderation).
_MATTERS = frozenset({"health", "financial", "law", "pii"})

_MOST_CATEGORIES = 20
_CATEGORY_LENGTH = 60
# People read them; OpenAI has 13, the longest of 22 characters.

_MOST = 1024 * 1024  # bytes; a verdict has some 2,000, and a text of 4,096 characters three of them


async def moderate(endpoint: Endpoint, model: str, request: ModerationRequest, silence: float = SILENCE) -> Verdict:
    """See `bot.ports.Moderator`. A long text is judged in pieces, all in one call."""
    name = endpoint.name_of(model)
    pieces = pieces_of(request.text)
    async with endpoint.opened(model, partial(_attempt, endpoint, model, pieces, silence)) as response:
        data = await read_body(name, response, _MOST)
    return verdict_of(name, data, len(pieces))


def _attempt(endpoint: Endpoint, model: str, pieces: list[str], silence: float, _: frozenset[str]) -> Attempt:
    return {}, endpoint.client.moderations.with_streaming_response.create(
        model=model,
        input=pieces[0] if len(pieces) == 1 else pieces,
        extra_body=endpoint.body(model, {}),
        timeout=endpoint.patient(silence),
    )


def pieces_of(text: str) -> list[str]:
    """The text in pieces of at most `PIECE` characters; at least one. Pure."""
    starts = range(0, max(1, len(text) - OVERLAP), PIECE - OVERLAP)
    return [text[start : start + PIECE] for start in starts]


def verdict_of(model: str, data: bytes, pieces: int) -> Verdict:
    """What an answer says of all pieces together; raises BrokenStream unless it says something of each. Pure.

    OpenAI says of each whether it is flagged, Mistral names the categories alone.
    """
    results = json_body(model, data).get("results")
    if not isinstance(results, list) or len(results) < pieces:
        raise BrokenStream(model, "what came was not a verdict")
    verdicts = [_judged(model, result) for result in results]
    found = dict.fromkeys(name for verdict in verdicts for name in verdict.categories)
    return Verdict(any(verdict.flagged for verdict in verdicts), tuple(found)[:_MOST_CATEGORIES])


def _judged(model: str, result: Any) -> Verdict:
    match result:
        case {"flagged": bool(flagged), "categories": dict(categories)}:
            return Verdict(flagged, _true(categories) if flagged else ())
        case {"categories": dict(categories)}:
            harmful = tuple(name for name in _true(categories) if name not in _MATTERS)
            return Verdict(bool(harmful), harmful)
        case _:
            raise BrokenStream(model, "what came was not a verdict")


def _true(categories: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name[:_CATEGORY_LENGTH] for name, found in categories.items() if found is True)
