"""The tool by which a chat model makes and changes pictures in the middle of its answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from bot.conversation.course import Course
from bot.conversation.painting import MOST_PICTURES, Order, Painter
from bot.conversation.studio import picture_buttons
from bot.conversation.window import recent_pictures
from bot.domain.media import Picture
from bot.domain.outbox import Fate
from bot.domain.platform import Button, OutgoingFile
from bot.domain.prompts import Tool, ToolCall
from bot.errors import ModelError, UsageError
from bot.ports import Store
from bot.replies import failures, notices
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.replies.post import Keeping, Scene, posting

log = logging.getLogger(__name__)

MOST_CHARACTERS = 1_000_000
"""Of history that is looked through for the picture to change."""

_MAKE = Tool(
    "make_picture",
    "Makes a picture and shows it to the person at once, as a message of its own. Use it when somebody asks for a "
    "picture, or for a change of the newest picture of the conversation. Do not repeat the picture as a link.",
    {
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "description": "What the picture shows, or what is to be changed, in full."},
            "change": {
                "type": "boolean",
                "description": "True to change the newest picture of the conversation instead of making a new one.",
            },
        },
        "required": ["prompt"],
        "additionalProperties": False,
    },
)


class PictureTool:
    """Implements `bot.conversation.inquiry.Toolbox` for one turn."""

    def __init__(
        self, painter: Painter, store: Store, gates: Gates, course: Course, outbox: Outbox | None = None
    ) -> None:
        self._outbox = outbox
        self._painter = painter
        self._store = store
        self._gates = gates
        self._course = course

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (_MAKE,)

    async def use(self, call: ToolCall) -> str:
        given = _arguments(call)
        prompt = given.get("prompt")
        if call.name != _MAKE.name or not isinstance(prompt, str) or not prompt.strip():
            return f"Error: call {_MAKE.name} with a prompt."
        if len(self._course.outcome.pictures) >= MOST_PICTURES:
            return "Error: no more pictures in this answer."
        try:
            change = given.get("change") is True
            inputs = await self._newest() if change else []
            if change and not inputs:
                return "Error: there is no picture to change any more; describe a new one in full."
            order = Order(prompt.strip())
            self._painter.check(order, len(inputs), None)
            return await self._paint(order, inputs)
        except UsageError as error:
            return f"Error: {error.sentence}"
        except ModelError as error:
            log.info("a picture for turn %s was not made: %r", self._course.turn, error)
            return f"Error: {failures.for_image_error(error)}"

    async def _paint(self, order: Order, inputs: list[Picture]) -> str:
        course = self._course
        locale, said = course.person.locale, notices.excerpt(order.prompt)
        stop = Button(notices.STOP.say(locale), f"stop {course.turn or 0}")
        keeping = None
        if self._outbox is not None:
            told = notices.INTERRUPTED_ALONE.say(locale)
            keeping = Keeping(self._outbox.entry(), lambda: Fate(told, course.chat.key))
        async with posting(course.channel, self._gates, keeping=keeping) as post:
            sketched = False

            def sketch(file: OutgoingFile) -> None:
                nonlocal sketched
                sketched = True
                post.show(Scene(said, (file,), (stop,)))

            try:
                work = await self._painter.paint(order, inputs, course.account, sketch)
            except (ModelError, asyncio.CancelledError) as error:
                if sketched:  # what is on screen, or on its way there, must not go on offering Stop
                    stopped = notices.STOPPED.say(locale)
                    told = failures.for_image_error(error, locale) if isinstance(error, ModelError) else stopped
                    post.finish(Scene(told))
                raise
            buttons: tuple[Button, ...] = ()
            if course.turn is not None:
                buttons = picture_buttons(self._painter, course.turn, order, work.pictures, locale)
            post.finish(Scene(said, work.files, buttons))
            await self._store.pictures.keep(course.chat.key, work.pictures)
            course.outcome.pictures += [picture.ref for picture in work.pictures]
        if post.refused:
            return "Error: the picture is made, but this chat does not take pictures."
        return "The picture is made and shown to the person."

    async def _newest(self) -> list[Picture]:
        """The newest picture of the conversation; none when there is none any more."""
        course = self._course
        refs = [ref.digest for ref in course.outcome.pictures[-1:]]
        if not refs and course.turn is not None:
            found = await self._store.conversations.turn(course.turn)
            history = await self._store.conversations.before(course.turn, MOST_CHARACTERS)
            shown = [ref.digest for ref in found[0].question.pictures] if found is not None else []
            refs = (shown or recent_pictures(history.exchanges))[:1]
        return list((await self._store.pictures.load(course.chat.key, refs)).values())


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
