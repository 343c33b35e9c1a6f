"""A model that sums up conversations when it is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.domain.events import Finished, FinishReason, ReplyEvent, Started, TextDelta, UsageSeen
from bot.domain.prompts import ChatRequest, ModelInfo
from bot.domain.usage import Usage
from bot.errors import ModelError

MODEL = "acme/large"


@dataclass(slots=True)
class Summarist:
    """Writes `sum 1`, `sum 2` and so on, once it is let go. An error is raised in its place."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    errors: list[ModelError] = field(default_factory=list)
    reason: FinishReason = "stop"
    requests: list[ChatRequest] = field(default_factory=list)

    def knows(self, model: str) -> bool:
        return True

    async def models(self) -> Sequence[ModelInfo]:
        return []

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ReplyEvent, None]:
        self.requests.append(request)
        number = len(self.requests)
        yield Started(model=MODEL)
        yield TextDelta(text="of a try that failed")
        yield Started(model=MODEL)
        await self.free.wait()
        if self.errors:
            raise self.errors.pop(0)
        yield TextDelta(text=f" sum {number}\n")
        yield UsageSeen(usage=Usage(100, 5))
        yield Finished(reason=self.reason)

    def told(self, number: int = -1) -> str:
        """What a request gave to sum up."""
        return str(self.requests[number].messages[1].content)
