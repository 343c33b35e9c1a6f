"""How many tokens texts have for each model: a cheap estimate, corrected by what the providers count."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.prompts import ChatRequest, ImagePart, PromptMessage, TextPart
from bot.domain.recent import Recent
from bot.errors import PromptTooLong

Estimate = Callable[[str], int]

MESSAGE_TOKENS = 4
"""What each message of a request costs beside its words (OpenAI's chat format: three to four)."""

PICTURE_TOKENS = 1000
"""What a picture counts against the history; providers charge some hundred to some thousand tokens for one."""

LEAST, MOST = 0.5, 8.0
"""Bounds of the factor, so that odd numbers of a provider do no harm."""

REPLY_SHARE = 0.25
"""How much of a window that a provider named is left to the reply."""

# A request counts by its size up to `_HEAVIEST` tokens; each one makes those before it count a tenth less. The guess
# counts like one of `_GUESS` tokens. What is further from the factor than `_STRANGE` moves it only so far.
_HEAVIEST, _GUESS, _FADE, _STRANGE = 4_000, 500, 0.9, 1.5
_REMEMBERED = 1_000


@dataclass(slots=True)
class _Learned:
    """Weighed sums of what was counted and what was estimated; the window that the provider named."""

    counted: float = _GUESS
    estimated: float = _GUESS
    limit: int | None = None

    @property
    def factor(self) -> float:
        return min(MOST, max(LEAST, self.counted / self.estimated))


class Estimates:
    """Learns for each `provider/model`, until the bot is restarted. `cheap` is the estimate to begin with."""

    def __init__(self, cheap: Estimate) -> None:
        self._cheap = cheap
        self._models: Recent[str, _Learned] = Recent(_REMEMBERED)

    def of(self, model: str) -> Estimate:
        """The estimate for this model, with what is known now."""
        learned = self._models.get(model)
        cheap, factor = self._cheap, 1.0 if learned is None else learned.factor
        return cheap if factor == 1.0 else lambda text: math.ceil(cheap(text) * factor)

    def request(self, request: ChatRequest) -> int:
        """All that a request is estimated at, pictures and tools included."""
        estimate = self.of(request.model)
        tools = [json.dumps([tool.name, tool.description, dict(tool.parameters)]) for tool in request.tools]
        return _extra(request.messages) + sum(map(estimate, [*_words(request.messages), *tools]))

    def limit(self, model: str) -> int | None:
        """The most tokens that a prompt may have; None while no provider has refused one with a number."""
        learned = self._models.get(model)
        return None if learned is None or learned.limit is None else int(learned.limit * (1 - REPLY_SHARE))

    def saw(self, model: str, request: ChatRequest, prompt_tokens: int) -> None:
        """`model` answered this request, and counted so many tokens. Only what is words alone teaches anything."""
        if prompt_tokens <= 0 or not _plain(request):
            return
        learned = self._known(model)
        estimated = sum(map(self._cheap, _words(request.messages)))
        ratio = (prompt_tokens - _extra(request.messages)) / estimated
        ratio = min(learned.factor * _STRANGE, max(learned.factor / _STRANGE, ratio))
        weight = min(estimated, _HEAVIEST)
        learned.counted = _FADE * learned.counted + weight * ratio
        learned.estimated = _FADE * learned.estimated + weight

    def refused(self, request: ChatRequest, error: PromptTooLong) -> None:
        """The request was too long for its model; from now on none like it seems to fit."""
        learned = self._known(request.model)
        if error.limit is not None:
            learned.limit = error.limit
        least = error.tokens or error.limit
        if least is None or not _plain(request):
            return
        ratio = (least - _extra(request.messages)) / sum(map(self._cheap, _words(request.messages)))
        if ratio > learned.factor:
            learned.counted = ratio * learned.estimated

    def _known(self, model: str) -> _Learned:
        learned = self._models.get(model)
        if learned is None:
            learned = self._models[model] = _Learned()
        return learned


def _words(messages: Sequence[PromptMessage]) -> list[str]:
    """The texts of messages, and of the tools that they call."""
    words: list[str] = []
    for message in messages:
        if isinstance(message.content, str):
            words.append(message.content)
        else:
            words += [part.text for part in message.content if isinstance(part, TextPart)]
        words += [call.name + call.arguments for call in message.calls]
    return words


def _extra(messages: Sequence[PromptMessage]) -> int:
    """What messages cost beside their words."""
    pictures = sum(isinstance(part, ImagePart) for message in messages for part in message.content)
    return MESSAGE_TOKENS * len(messages) + PICTURE_TOKENS * pictures


def _plain(request: ChatRequest) -> bool:
    """Whether it is words alone: what pictures and tools cost differs too much between providers."""
    pictured = any(isinstance(part, ImagePart) for message in request.messages for part in message.content)
    return not pictured and not request.tools and not any(message.calls for message in request.messages)
