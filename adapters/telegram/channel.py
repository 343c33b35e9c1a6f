"""One Telegram chat or topic as the core writes to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import ChatMigrated

from adapters.telegram.errors import delivery_error
from adapters.telegram.limits import MAX_ENTITIES, TEXT_UNITS
from adapters.telegram.markup import Markup
from adapters.telegram.spans import Rendered
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Limits, Outgoing
from bot.domain.text import clean, utf16_length

BUTTONS_IN_A_ROW = 3
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

T = TypeVar("T")


class TelegramChannel:
    """Sends and edits with entities, never with a parse mode, so that no text can break its own formatting.

    `moved` holds the new ids of groups that became supergroups; all channels of a bot share it.
    """

    def __init__(self, bot: Bot, chat: ChatRef, limits: Limits, markup: Markup, moved: dict[int, int]) -> None:
        self._bot = bot
        self._chat = chat
        self._limits = limits
        self._markup = markup
        self._moved = moved
        self._thread_id = None if chat.thread_id is None else int(chat.thread_id)
        self._last: tuple[str, Rendered] = ("", Rendered(""))

    @property
    def chat(self) -> ChatRef:
        return self._chat

    @property
    def rate_key(self) -> str:
        """Telegram meters the chat; its topics share the count."""
        return self._chat.chat_id

    @property
    def limits(self) -> Limits:
        return self._limits

    def fits(self, source: str) -> bool:
        """Whether one message carries the text both formatted and, in case that is refused, as it is written."""
        if utf16_length(source) > TEXT_UNITS:
            return False
        rendered = self._render(source)
        return rendered.units <= TEXT_UNITS and len(rendered.entities) <= MAX_ENTITIES

    async def send(self, message: Outgoing) -> str:
        shown = self._look(message)
        reply_to = None
        if message.reply_to is not None and self._chat.kind == "group":
            reply_to = ReplyParameters(int(message.reply_to), allow_sending_without_reply=True)
        sent = await self._call(
            lambda chat_id: self._bot.send_message(
                chat_id,
                shown.text,
                entities=shown.entities,
                message_thread_id=self._thread_id,
                reply_parameters=reply_to,
                reply_markup=keyboard(message.buttons),
                link_preview_options=NO_PREVIEW,
            )
        )
        return str(sent.message_id)

    async def edit(self, message_id: str, message: Outgoing) -> None:
        shown = self._look(message)
        await self._call(
            lambda chat_id: self._bot.edit_message_text(
                shown.text,
                chat_id,
                int(message_id),
                entities=shown.entities,
                reply_markup=keyboard(message.buttons),
                link_preview_options=NO_PREVIEW,
            )
        )

    async def preview(self, preview_id: int, message: Outgoing) -> None:
        """Show a draft. Its text is the source as it is: clients animate what is added and flicker at any change
        before it, which formatting would cause."""
        text = clean(message.source)
        await self._call(
            lambda chat_id: self._bot.send_message_draft(chat_id, preview_id, text, message_thread_id=self._thread_id)
        )

    async def typing(self) -> None:
        await self._call(
            lambda chat_id: self._bot.send_chat_action(chat_id, ChatAction.TYPING, message_thread_id=self._thread_id)
        )

    def _look(self, message: Outgoing) -> Rendered:
        return Rendered(clean(message.source)) if message.plain else self._render(message.source)

    def _render(self, source: str) -> Rendered:
        """The text is usually measured and then sent, so the last rendering is kept."""
        if self._last[0] != source:
            self._last = (source, self._markup.render(source))
        return self._last[1]

    async def _call(self, request: Callable[[int], Awaitable[T]]) -> T:
        """Make a request to the chat, once more if the chat has moved; errors become those of `bot.errors`."""
        chat_id = int(self._chat.chat_id)
        try:
            try:
                return await request(self._moved.get(chat_id, chat_id))
            except ChatMigrated as error:
                self._moved[chat_id] = error.new_chat_id
                return await request(error.new_chat_id)
        except Exception as error:
            # The library lets KeyError and the like out when the answer is JSON but none of the Bot API's.
            raise delivery_error(error) from error


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Rows of three; None takes the buttons of a message away."""
    keys = [InlineKeyboardButton(button.label, callback_data=button.data) for button in buttons]
    rows = [keys[start : start + BUTTONS_IN_A_ROW] for start in range(0, len(keys), BUTTONS_IN_A_ROW)]
    return InlineKeyboardMarkup(rows) if rows else None
