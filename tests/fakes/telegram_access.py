"""What every method that shows something in a chat asks first: the chat, the message, the topic, the flood control."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.fakes.telegram_entities import FormattedText
from tests.fakes.telegram_errors import bad_request, forbidden, upgraded
from tests.fakes.telegram_limits import Flood, Metered
from tests.fakes.telegram_parameters import Parameters
from tests.fakes.telegram_state import Chat, Json, Message, State

METERED: dict[str, Metered] = {
    "sendMessage": "message",
    "editMessageText": "message",
    "editMessageCaption": "message",
    "editMessageMedia": "message",
    "editMessageReplyMarkup": "message",
    "sendAudio": "message",
    "sendDocument": "message",
    "sendMediaGroup": "message",
    "sendPhoto": "message",
    "sendVoice": "message",
    "sendMessageDraft": "activity",
    "sendChatAction": "activity",
}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new message goes, and what it answers."""

    chat: Chat
    replied: Message | None
    thread_id: int | None


class ChatAccess:
    def __init__(self, state: State, flood: Flood) -> None:
        self._state = state
        self._flood = flood

    def _place(self, parameters: Parameters) -> Place:
        chat = self._writable(parameters)
        replied = self._replied(chat, parameters)
        return Place(chat, replied, self._thread(chat, parameters) or thread_of_reply(replied))

    def _new(self, place: Place, content: FormattedText, markup: Json | None = None) -> Message:
        """A message of the bot's that is not shown yet."""
        in_topic = place.thread_id in place.chat.topics
        number = self._state.next_id(place.chat)
        bot = self._state.bot
        return Message(place.chat, number, bot, content, markup, place.replied, place.thread_id, in_topic)

    def _chat(self, parameters: Parameters) -> Chat:
        chat = self._state.chats.get(parameters.get("chat_id", 0))
        if chat is None:
            raise bad_request("chat not found" if parameters.get("chat_id") else "chat_id is empty")
        return chat

    def _writable(self, parameters: Parameters) -> Chat:
        chat = self._chat(parameters)
        if chat.moved_to is not None:
            raise upgraded(chat.moved_to)
        if chat.bot_is_out and chat.type == "private":
            raise forbidden("bot was blocked by the user")
        if chat.bot_is_out:
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        return chat

    def _own_message(self, parameters: Parameters) -> Message:
        message = self._writable(parameters).messages.get(parameters.get("message_id", 0))
        if message is None:
            raise bad_request("message to edit not found")
        if message.sender != self._state.bot or message.force_reply is not None:
            # Only messages without a reply markup, or with an inline keyboard, can be edited (Bot API).
            raise bad_request("message can't be edited")
        return message

    def _replied(self, chat: Chat, parameters: Parameters) -> Message | None:
        wanted = parameters.get("reply_parameters") or {}
        number = wanted.get("message_id") or parameters.get("reply_to_message_id")
        if not number:
            return None
        message = chat.messages.get(int(number))
        without = wanted.get("allow_sending_without_reply") or parameters.get("allow_sending_without_reply")
        if message is None and not without:
            raise bad_request("message to be replied not found")
        return message

    def _thread(self, chat: Chat, parameters: Parameters) -> int | None:
        """The topic that the call names. In an ordinary supergroup any message may begin a thread of replies."""
        thread_id: int | None = parameters.get("message_thread_id") or None
        chain = chat.type == "supergroup" and not chat.forum and thread_id in chat.messages
        if thread_id is not None and thread_id not in chat.topics and not chain:
            raise bad_request("message thread not found")
        return thread_id

    def _charge(self, chat: Chat, method: str, messages: int = 1) -> None:
        """Every picture of an album counts as a message."""
        self._flood.charge(asyncio.get_running_loop().time(), chat.id, METERED[method], messages)


def thread_of_reply(replied: Message | None) -> int | None:
    """An answer joins the topic of what it answers and, in an ordinary supergroup, its chain of replies."""
    if replied is None or replied.in_topic or replied.thread_id is not None:
        return None if replied is None else replied.thread_id
    return replied.id if replied.chat.type == "supergroup" and not replied.chat.forum else None
