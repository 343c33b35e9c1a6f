"""The Bot API's methods that show something in a chat, with the refusals that Telegram has for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_access import NOT_MODIFIED, ChatAccess
from tests.fakes.telegram_entities import utf16_length
from tests.fakes.telegram_errors import bad_request
from tests.fakes.telegram_parameters import LONGEST_TEXT, Parameters, force_reply_of, markup_of, text_of
from tests.fakes.telegram_state import Json

Method = Callable[[Parameters], Any]

CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


class ChatMethods(ChatAccess):
    def table(self) -> dict[str, Method]:
        return {
            "sendMessage": self.send_message,
            "editMessageText": self.edit_message_text,
            "editMessageReplyMarkup": self.edit_message_reply_markup,
            "deleteMessage": self.delete_message,
            "sendMessageDraft": self.send_message_draft,
            "sendChatAction": self.send_chat_action,
            "setMessageReaction": self.set_message_reaction,
            "answerCallbackQuery": self.answer_callback_query,
            "getChat": self.get_chat,
        }

    def send_message(self, parameters: Parameters) -> Json:
        content, markup = text_of(parameters), markup_of(parameters)
        place = self._place(parameters)
        self._charge(place.chat, "sendMessage")
        if utf16_length(content.text) > LONGEST_TEXT:
            raise bad_request("message is too long")
        message = self._new(place, content, markup)
        message.force_reply = force_reply_of(parameters)
        return self._state.add(message).as_json()

    def edit_message_text(self, parameters: Parameters) -> Json:
        content, markup = text_of(parameters), markup_of(parameters)
        message = self._own_message(parameters)
        if message.media is not None:
            raise bad_request("there is no text in the message to edit")
        self._charge(message.chat, "editMessageText")
        if utf16_length(content.text) > LONGEST_TEXT:
            raise bad_request("MESSAGE_TOO_LONG")
        if (content, markup) == (message.content, message.markup):
            raise bad_request(NOT_MODIFIED)
        self._state.change(message, content, markup)
        return message.as_json()

    def edit_message_reply_markup(self, parameters: Parameters) -> Json:
        markup = markup_of(parameters)
        message = self._own_message(parameters)
        self._charge(message.chat, "editMessageReplyMarkup")
        if markup == message.markup:
            raise bad_request(NOT_MODIFIED)
        self._state.change(message, message.content, markup)
        return message.as_json()

    def delete_message(self, parameters: Parameters) -> bool:
        chat = self._writable(parameters)
        message = chat.messages.get(parameters.get("message_id", 0))
        if message is None:
            raise bad_request("message to delete not found")
        if message.sender != self._state.bot and chat.type != "private" and not chat.bot_is_admin:
            raise bad_request("message can't be deleted")
        self._state.remove(message)
        return True

    def send_message_draft(self, parameters: Parameters) -> bool:
        content = text_of(parameters, may_be_empty=True)
        chat = self._writable(parameters)
        if chat.type != "private":
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        if not parameters.get("draft_id"):
            raise bad_request("invalid draft identifier specified")
        thread_id = self._thread(chat, parameters)
        self._charge(chat, "sendMessageDraft")
        if utf16_length(content.text) > LONGEST_TEXT:
            raise bad_request("MESSAGE_TOO_LONG")
        self._state.preview(chat, thread_id, parameters["draft_id"], content)
        return True

    def send_chat_action(self, parameters: Parameters) -> bool:
        if parameters.get("action") not in CHAT_ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._writable(parameters)
        thread_id = self._thread(chat, parameters)
        self._charge(chat, "sendChatAction")
        screen = self._state.screen(chat, thread_id)
        screen.typing.append(asyncio.get_running_loop().time())
        screen.touch()
        return True

    def set_message_reaction(self, parameters: Parameters) -> bool:
        message = self._writable(parameters).messages.get(parameters.get("message_id", 0))
        if message is None:
            raise bad_request("message to react not found")
        reactions = parameters.get("reaction") or []
        if len(reactions) > 1:
            raise bad_request("REACTIONS_TOO_MANY")
        message.reactions = reactions
        self._state.screen(message.chat, message.thread_id).touch()
        return True

    def answer_callback_query(self, parameters: Parameters) -> bool:
        query_id = str(parameters.get("callback_query_id", ""))
        if query_id not in self._state.callbacks or self._state.callbacks[query_id] is not None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        self._state.callbacks[query_id] = parameters
        return True

    def get_chat(self, parameters: Parameters) -> Json:
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        accepted = dict.fromkeys(gifts, True)
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": accepted}
        return {**self._chat(parameters).as_json(), **full}
