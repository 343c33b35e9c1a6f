"""Pictures by a provider's image endpoints: made, or changed from others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import httpx2

from bot.domain.media import ImageEvent, ImageRequest, Painted, Sketched
from bot.errors import BrokenStream, EmptyAnswer, FileError, ModelError
from bot.llm.bodies import Deadline
from bot.llm.endpoint import Endpoint
from bot.llm.patience import Patience
from bot.llm.picture_answers import PICTURE_BYTES, Linked, PictureAnswer, read_event, read_whole
from bot.llm.picture_requests import OneAtATime, PictureAttempts, refused_by
from bot.llm.profiles import profile_of
from bot.llm.sse import ServerEvent

SILENCE = 180.0
"""Seconds without a byte: the best quality takes two minutes (https://platform.openai.com/docs/guides/images)."""

MOST_SKETCHES = 12
"""Unfinished pictures in one answer; three at most are asked for."""

FetchUrl = Callable[[str, int], Awaitable[bytes]]
"""Loads an address, of at most so many bytes; raises `bot.errors.FileError`."""


@dataclass(frozen=True, slots=True)
class Painter:
    """Calls one endpoint. `fetch` loads pictures that are answered by address; `silence` is in seconds."""

    endpoint: Endpoint
    patience: Patience
    fetch: FetchUrl | None
    silence: float = SILENCE

    async def paint(self, model: str, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See `bot.ports.ImageModel`."""
        sketches = profile_of(self.endpoint.name_of(model)).sketches if request.count == 1 else 0
        try:
            async with aclosing(
                self.patience.events(request.model, lambda: self._call(model, request, sketches))
            ) as events:
                async for event in events:
                    yield event
        except OneAtATime:
            for picture in await self._side_by_side(model, request):
                yield picture

    async def _side_by_side(self, model: str, request: ImageRequest) -> list[ImageEvent]:
        """One call for each picture; those that failed are missing, unless all did."""
        one = replace(request, count=1)

        async def call() -> list[ImageEvent] | ModelError:
            try:
                async with aclosing(self.patience.events(request.model, lambda: self._call(model, one, 0))) as events:
                    return [event async for event in events]
            except ModelError as error:
                return error

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call()) for _ in range(request.count)]
        results = [task.result() for task in calls]
        pictures = [event for result in results if not isinstance(result, ModelError) for event in result]
        if not pictures:
            raise next(result for result in results if isinstance(result, ModelError))
        return pictures

    async def _call(self, model: str, request: ImageRequest, sketches: int) -> AsyncGenerator[ImageEvent, None]:
        """One call, without retry."""
        name = self.endpoint.name_of(model)
        attempts = PictureAttempts(self.endpoint, model, request, sketches, self.silence)
        async with (
            self.endpoint.opened(model, attempts, refused_by) as response,
            aclosing(_read(name, response, request.count)) as found,
        ):
            links = []
            async for picture in found:
                if isinstance(picture, Linked):
                    links.append(picture.url)
                else:
                    yield picture
        for data in await self._fetched(name, links):
            yield Painted(data)

    async def _fetched(self, name: str, urls: Sequence[str]) -> list[bytes]:
        if not urls:
            return []
        fetch = self.fetch
        if fetch is None:
            raise BrokenStream(name, "it answered with an address, and those are not fetched here")

        async def load(url: str) -> bytes | FileError:
            try:
                return await fetch(url, PICTURE_BYTES)
            except FileError as error:
                return error

        async with asyncio.TaskGroup() as group:
            loads = [group.create_task(load(url)) for url in urls]
        results = [task.result() for task in loads]
        pictures = [result for result in results if isinstance(result, bytes)]
        if not pictures:
            raise BrokenStream(name, "the picture could not be fetched from its address")
        return pictures


async def _read(name: str, response: httpx2.Response, most: int) -> AsyncGenerator[Sketched | Painted | Linked, None]:
    """The pictures of an answer, at most so many finished ones. They are decoded in a thread: megabytes of base64 would
    hold the loop."""
    answer, deadline = PictureAnswer(), Deadline(name)
    sketches = 0
    async with aclosing(response.aiter_bytes()) as reads:
        async for data in reads:
            deadline.check()
            for event in _fed(name, answer, data):
                picture = await asyncio.to_thread(read_event, name, event)
                if picture is None:
                    continue
                yield picture
                if isinstance(picture, Painted):
                    return  # a stream has one; what may follow carries nothing
                sketches += 1
                if sketches > MOST_SKETCHES:
                    raise BrokenStream(name, f"more than {MOST_SKETCHES} unfinished pictures")
    events, body = answer.close()
    if body:
        for whole in await asyncio.to_thread(read_whole, name, body, most):
            yield whole
        return
    last = [picture for event in events if (picture := read_event(name, event)) is not None]
    for picture in last:
        yield picture
    if not any(isinstance(picture, Painted) for picture in last):
        raise BrokenStream(name, "the picture broke off") if sketches or last else EmptyAnswer(name, "no picture came")


def _fed(name: str, answer: PictureAnswer, data: bytes) -> list[ServerEvent]:
    try:
        return answer.feed(data)
    except ValueError as error:
        raise BrokenStream(name, str(error)) from None
