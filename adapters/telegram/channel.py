"""One Telegram chat or topic as the core writes to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated

from adapters.telegram.common import Common
from adapters.telegram.errors import delivery_error, has_no_text
from adapters.telegram.limits import CAPTION_UNITS, MAX_ENTITIES, TEXT_UNITS
from adapters.telegram.spans import Rendered
from adapters.telegram.uploads import UPLOAD_SECONDS, AlbumItem, Spot, album_item, send_album, send_file
from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef
from bot.domain.platform import Button, Limits, Outgoing
from bot.domain.text import clean, utf16_length
from bot.errors import DeliveryError, FileRefused, MessageGone

BUTTONS_IN_A_ROW = 3
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

T = TypeVar("T")


class TelegramChannel:
    """Sends and edits with entities, never with a parse mode, so that no text can break its own formatting."""

    def __init__(self, common: Common, chat: ChatRef, limits: Limits) -> None:
        self._common = common
        self._bot = common.bot
        self._chat = chat
        self._limits = limits
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
        return self._fits(source, TEXT_UNITS)

    def fits_caption(self, source: str) -> bool:
        return self._fits(source, CAPTION_UNITS)

    async def send(self, message: Outgoing) -> str:
        shown = self._look(message)
        markup = keyboard(message.buttons) or (ForceReply(selective=True) if message.expects_reply else None)
        return await self._call(lambda chat_id: self._send(chat_id, message, shown, markup))

    async def edit(self, message_id: str, message: Outgoing) -> None:
        shown = self._look(message)
        markup = keyboard(message.buttons)
        if len(message.files) > 1:
            raise FileRefused("a message shows one file")
        if message.files:
            item = album_item(message.files[0], shown)
            await self._call(lambda chat_id: self._edit_file(chat_id, int(message_id), item, markup))
        else:
            await self._call(lambda chat_id: self._edit_words(chat_id, int(message_id), shown, markup))

    async def delete(self, message_id: str) -> None:
        """Raises `BadFormat` for what Telegram does not delete: messages that are older than 48 hours (Bot API,
        deleteMessage). They can be edited all the same."""
        try:
            await self._call(lambda chat_id: self._bot.delete_message(chat_id, int(message_id)))
        except MessageGone:
            return

    async def open_thread(self, message_id: str, title: str) -> TelegramChannel:
        raise NotImplementedError("Telegram opens no threads on messages; see `limits.threads`")

    async def fetch(self, attachment: Attachment, limit: int) -> bytes:
        return await self._common.downloads.fetch(attachment, limit)

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

    def _fits(self, source: str, units: int) -> bool:
        """Whether there is room for the text both formatted and, in case that is refused, as it is written."""
        if utf16_length(source) > units:
            return False
        rendered = self._render(source)
        return rendered.units <= units and len(rendered.entities) <= MAX_ENTITIES

    async def _send(
        self, chat_id: int, message: Outgoing, shown: Rendered, markup: InlineKeyboardMarkup | ForceReply | None
    ) -> str:
        reply_to = None
        if message.reply_to is not None and self._chat.kind == "group":
            reply_to = ReplyParameters(int(message.reply_to), allow_sending_without_reply=True)
        if not message.files:
            sent = await self._bot.send_message(
                chat_id,
                shown.text,
                entities=shown.entities,
                message_thread_id=self._thread_id,
                reply_parameters=reply_to,
                reply_markup=markup,
                link_preview_options=NO_PREVIEW,
            )
            return str(sent.message_id)
        spot = Spot(chat_id, self._thread_id, reply_to)
        if len(message.files) > 1:
            [sent, *_] = await send_album(self._bot, spot, message.files, shown)
        else:
            sent = await send_file(self._bot, spot, message.files[0], shown, markup)
            self._common.captioned[chat_id, sent.message_id] = None
        return str(sent.message_id)

    async def _edit_words(
        self, chat_id: int, message_id: int, shown: Rendered, markup: InlineKeyboardMarkup | None
    ) -> None:
        """The text of a message, or the caption where it carries a file."""
        if (chat_id, message_id) not in self._common.captioned:
            try:
                await self._bot.edit_message_text(
                    shown.text,
                    chat_id,
                    message_id,
                    entities=shown.entities,
                    reply_markup=markup,
                    link_preview_options=NO_PREVIEW,
                )
            except BadRequest as error:
                if not has_no_text(error):
                    raise
                self._common.captioned[chat_id, message_id] = None
            else:
                return
        await self._bot.edit_message_caption(
            chat_id, message_id, caption=shown.text, caption_entities=shown.entities, reply_markup=markup
        )

    async def _edit_file(
        self, chat_id: int, message_id: int, item: AlbumItem, markup: InlineKeyboardMarkup | None
    ) -> None:
        await self._bot.edit_message_media(item, chat_id, message_id, reply_markup=markup, read_timeout=UPLOAD_SECONDS)
        self._common.captioned[chat_id, message_id] = None

    def _look(self, message: Outgoing) -> Rendered:
        return Rendered(clean(message.source)) if message.plain else self._render(message.source)

    def _render(self, source: str) -> Rendered:
        """The text is usually measured and then sent, so the last rendering is kept."""
        if self._last[0] != source:
            self._last = (source, self._common.markup.render(source))
        return self._last[1]

    async def _call(self, request: Callable[[int], Awaitable[T]]) -> T:
        """Make a request to the chat, once more if the chat has moved; errors become those of `bot.errors`."""
        chat_id = int(self._chat.chat_id)
        try:
            try:
                return await request(self._common.moved.get(chat_id, chat_id))
            except ChatMigrated as error:
                self._common.moved[chat_id] = error.new_chat_id
                return await request(error.new_chat_id)
        except DeliveryError:
            raise
        except Exception as error:
            # The library lets KeyError and the like out when the answer is JSON but none of the Bot API's.
            raise delivery_error(error) from error


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Rows of three; None takes the buttons of a message away."""
    keys = [InlineKeyboardButton(button.label, callback_data=button.data) for button in buttons]
    rows = [keys[start : start + BUTTONS_IN_A_ROW] for start in range(0, len(keys), BUTTONS_IN_A_ROW)]
    return InlineKeyboardMarkup(rows) if rows else None
