"""What people do on the fake Telegram: write, edit, press buttons, block the bot, move a group."""

from __future__ import annotations

import time
from typing import Any, Literal

from tests.fakes.telegram_access import thread_of_reply
from tests.fakes.telegram_entities import Entity, FormattedText, covered, detected
from tests.fakes.telegram_files import Media
from tests.fakes.telegram_state import Chat, Json, Message, State, User
from tests.fakes.telegram_updates import Update


class People:
    """All methods take effect at once and queue the updates that Telegram would send.

    `privacy`: in groups the bot gets commands, mentions and replies to it, unless it is an administrator there.
    """

    def __init__(self, state: State, *, privacy: bool) -> None:
        self._state = state
        self._privacy = privacy
        self._groups = 0

    def user(self, user_id: int, first_name: str = "Ann", **names: Any) -> User:
        """Somebody; `names` are `username`, `last_name`, `language_code` and `is_bot`."""
        return User(user_id, first_name, **names)

    def private(self, user: User) -> Chat:
        """The person's chat with the bot; it exists from now on."""
        return self._state.chats.setdefault(user.id, Chat(user.id, "private", "", user))

    def group(self, title: str, *, supergroup: bool = True, forum: bool = False, bot_is_admin: bool = False) -> Chat:
        """A group that the bot is in."""
        self._groups += 1
        number = -1_000_000_000_000 - self._groups if supergroup else -self._groups
        kind: Literal["group", "supergroup"] = "supergroup" if supergroup else "group"
        chat = Chat(number, kind, title, forum=forum, bot_is_admin=bot_is_admin)
        self._state.chats[number] = chat
        return chat

    def topic(self, chat: Chat, name: str, user: User) -> int:
        """Open a topic in a forum, or in a private chat of a bot that has topics; returns its thread id."""
        number = self._state.next_id(chat)
        extra: Json = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        opening = Message(chat, number, user, FormattedText(), thread_id=number, in_topic=True, extra=extra)
        chat.topics[number] = opening
        self._announce("message", self._state.add(opening))
        return number

    def say(
        self,
        chat: Chat,
        user: User,
        text: str = "",
        *,
        entities: list[Entity] | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        extra: Json | None = None,
        media: Media | None = None,
    ) -> int:
        """Write something; returns the message id. Commands, mentions and links are found unless entities are given.

        `extra` is added to the message's JSON; with `media` (see `Sharing.send_file`) the text is its caption.
        """
        content = FormattedText(text, tuple(detected(text) if entities is None else entities))
        replied = None if reply_to is None else chat.messages[reply_to]
        thread_id = thread_id or thread_of_reply(replied)
        message = Message(
            chat,
            self._state.next_id(chat),
            user,
            content,
            reply_to=replied,
            thread_id=thread_id,
            in_topic=thread_id in chat.topics,
            extra=extra or {},
            media=media,
        )
        self._announce("message", self._state.add(message))
        return message.id

    def edit(self, chat: Chat, message_id: int, text: str, *, entities: list[Entity] | None = None) -> None:
        """The author changes a message."""
        message = chat.messages[message_id]
        content = FormattedText(text, tuple(detected(text) if entities is None else entities))
        self._state.change(message, content, message.markup)
        self._announce("edited_message", message)

    def press(self, chat: Chat, user: User, message_id: int, data: str) -> str:
        """Press the button with this data, which must have been under the message; returns the query's id."""
        message = chat.messages[message_id]
        versions = message.shown.versions if message.shown else []
        offered = {button for version in versions for _, button in version.buttons}
        assert data in offered, f"no button has {data!r}, there were {sorted(offered)}"
        query_id = str(4_000_000_000 + len(self._state.callbacks))
        self._state.callbacks[query_id] = None
        query = {"id": query_id, "from": user.as_json(), "chat_instance": str(chat.id), "data": data}
        self._state.updates.put("callback_query", {**query, "message": message.as_json()})
        return query_id

    def stop_draft(self, chat: Chat, draft_id: int, *, thread_id: int | None = None) -> None:
        """Press the stop sign of a draft that was sent with `can_stop` (Bot API 10.3)."""
        payload: Json = {"chat": chat.as_json(), "draft_id": str(draft_id)}
        if thread_id is not None:
            payload["message_thread_id"] = thread_id
        self._state.updates.put("stopped_message_generation", payload)

    def delete(self, chat: Chat, message_id: int) -> None:
        """Delete a message, for instance one of the bot's. Bots are not told."""
        self._state.remove(chat.messages[message_id])

    def block(self, user: User) -> None:
        self._bot_leaves(self._state.chats[user.id], user)

    def unblock(self, user: User) -> None:
        chat = self._state.chats[user.id]
        chat.bot_is_out = False
        self._membership(chat, user, "kicked", "member")

    def kick(self, chat: Chat, user: User) -> None:
        """Throw the bot out of a group."""
        self._bot_leaves(chat, user)

    def migrate(self, group: Chat, user: User) -> Chat:
        """Turn a basic group into a supergroup, which has another id and its own messages; returns the new chat."""
        new = self.group(group.title, bot_is_admin=group.bot_is_admin)
        self._service(group, user, {"migrate_to_chat_id": new.id})
        group.moved_to = new.id
        self._service(new, user, {"migrate_from_chat_id": group.id})
        return new

    def redeliver(self, update: Update | None = None) -> None:
        """Deliver an update (the newest, if none is given) once more with the same update id."""
        self._state.updates.redeliver(update or self._state.updates.sent[-1])

    def answer_to(self, query_id: str) -> Json | None:
        """The parameters of the bot's `answerCallbackQuery`; None while there is none."""
        return self._state.callbacks[query_id]

    def _announce(self, kind: str, message: Message) -> None:
        if not message.chat.bot_is_out and self._reaches_bot(message):
            self._state.updates.put(kind, message.as_json())

    def _reaches_bot(self, message: Message) -> bool:
        if message.chat.type == "private" or message.chat.bot_is_admin or not self._privacy:
            return True
        if message.reply_to is not None and message.reply_to.sender == self._state.bot:
            return True
        if "forum_topic_created" in message.extra:
            return True
        return any(self._is_for_bot(message.content.text, entity) for entity in message.content.entities)

    def _is_for_bot(self, text: str, entity: Entity) -> bool:
        words = covered(text, entity).lower()
        name = f"@{self._state.bot.username}".lower()
        match entity["type"]:
            case "bot_command":
                return "@" not in words or words.endswith(name)
            case "mention":
                return words == name
            case "text_mention":
                return bool(entity["user"]["id"] == self._state.bot.id)
            case _:
                return False

    def _service(self, chat: Chat, user: User, extra: Json) -> None:
        number = self._state.next_id(chat)
        message = self._state.add(Message(chat, number, user, FormattedText(), extra=extra))
        self._state.updates.put("message", message.as_json())

    def _bot_leaves(self, chat: Chat, user: User) -> None:
        chat.bot_is_out = True
        self._membership(chat, user, "member", "kicked")

    def _membership(self, chat: Chat, user: User, old: str, new: str) -> None:
        change: Json = {"chat": chat.as_json(), "from": user.as_json(), "date": int(time.time())}
        change["old_chat_member"] = self._member(old)
        change["new_chat_member"] = self._member(new)
        self._state.updates.put("my_chat_member", change)

    def _member(self, status: str) -> Json:
        member: Json = {"user": self._state.bot.as_json(), "status": status}
        return {**member, "until_date": 0} if status == "kicked" else member
