"""What moderation lets pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from bot.domain.moderation import ModerationRequest
from bot.domain.usage import Account
from bot.errors import Flagged, ModelError
from bot.ports import Moderator

log = logging.getLogger(__name__)

Moderated = Literal["off", "question", "answer", "both"]


@dataclass(frozen=True, slots=True)
class Guard:
    """Asks a moderation model about questions, answers, or both; without a model about nothing.

    A question that cannot be checked is not answered. An answer that cannot be checked stays: people have read it.
    """

    moderator: Moderator
    model: str | None
    moderated: Moderated

    @property
    def looks_at_answers(self) -> bool:
        return self.model is not None and self.moderated in ("answer", "both")

    async def check_question(self, text: str, account: Account) -> None:
        """Raises Flagged, or another ModelError when it cannot be known."""
        if self.model is not None and self.moderated in ("question", "both"):
            await self._check(self.model, "question", text, account)

    async def check_answer(self, text: str, account: Account) -> None:
        """Raises Flagged."""
        if self.model is None or not self.looks_at_answers:
            return
        try:
            await self._check(self.model, "answer", text, account)
        except Flagged:
            raise
        except ModelError as error:
            log.warning("an answer could not be moderated: %r", error)

    async def _check(self, model: str, what: Literal["question", "answer"], text: str, account: Account) -> None:
        if not text.strip():
            return
        verdict = await self.moderator.moderate(ModerationRequest(model, text, account))
        if verdict.flagged:
            raise Flagged(model, what, verdict.categories)
