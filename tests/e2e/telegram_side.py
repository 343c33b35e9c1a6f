"""Telegram as an end-to-end test sees it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.telegram.adapter import TelegramPlatform
from adapters.telegram.markup import Markup
from bot.app import PlatformFactory
from bot.settings import Settings
from tests.e2e.side import CallName, Person, Place, Sent, Side, fault_of
from tests.fakes.faults import FaultKind
from tests.fakes.screen import Screen, Shown
from tests.fakes.telegram_api import DOWNLOAD, TelegramFake
from tests.fakes.telegram_files import Kind
from tests.fakes.telegram_state import Chat

CALLS: Mapping[CallName, str] = {
    "send": "sendMessage",
    "edit": "editMessageText",
    "typing": "sendChatAction",
    "fetch": DOWNLOAD,
}


KINDS: Mapping[str, Kind] = {
    "photo": "photo",
    "voice": "voice",
    "audio": "audio",
    "round video": "video_note",
    "video": "video",
    "document": "document",
    "sticker": "sticker",
}


class TelegramSide(Side):
    """A place's `raw` is the chat and the topic's number."""

    name = "telegram"
    part_length = 4096

    def __init__(self, fake: TelegramFake) -> None:
        self.fake = fake
        self._ids = itertools.count(1001)
        self._markup = Markup()
        self._comes_by = "getUpdates"

    def settings(self) -> Mapping[str, Any]:
        return {"telegram_token": self.fake.token, "telegram_api_url": self.fake.url}

    def factory(self, settings: Settings) -> PlatformFactory:
        secret = settings.webhook_secret
        self._comes_by = "getUpdates" if settings.webhook_url is None else "setWebhook"
        options: dict[str, Any] = {
            "api_url": self.fake.url,
            "streaming": settings.telegram_streaming,
            "webhook_url": settings.webhook_url,
            "webhook_secret": "" if secret is None else secret.get_secret_value(),
        }
        return lambda notes, commands: TelegramPlatform(self.fake.token, notes, commands, **options)

    async def up(self) -> None:
        """A poll that begins now, or a webhook that is set, finds what people say from now on; what they said before is
        kept for it."""
        await self.fake.until_called(self._comes_by, self.fake.counted()[self._comes_by] + 1, timeout=200)

    def person(self, name: str) -> Person:
        number = next(self._ids)
        return Person(name, f"telegram:{number}", self.fake.user(number, name))

    def private(self, person: Person) -> Place:
        return Place("private", (self.fake.private(person.raw), None))

    def group(self, title: str = "Lab", *, hears_all: bool = False) -> Place:
        return Place("group", (self.fake.group(title, forum=True, bot_is_admin=hears_all), None))

    def topic(self, group: Place, name: str, person: Person) -> Place:
        chat, _ = group.raw
        return Place("topic", (chat, self.fake.topic(chat, name, person.raw)))

    def say(self, place: Place, person: Person, text: str, reply_to: str | None = None) -> str:
        chat, thread = place.raw
        replied = None if reply_to is None else int(reply_to)
        return str(self.fake.say(chat, person.raw, text, reply_to=replied, thread_id=thread))

    def send(
        self, place: Place, person: Person, files: Sequence[Sent], text: str = "", reply_to: str | None = None
    ) -> str:
        chat, thread = place.raw
        replied = None if reply_to is None else int(reply_to)
        album = None if len(files) == 1 else f"1{next(self._ids):016}"
        ids = [
            self.fake.send_file(
                chat,
                person.raw,
                KINDS[file.kind],
                file.data,
                name=file.name,
                mime=file.mime,
                caption="" if number else text,
                duration=file.seconds,
                reply_to=replied,
                thread_id=thread,
                album_id=album,
            )
            for number, file in enumerate(files)
        ]
        return str(ids[0])

    def mention(self, text: str) -> str:
        return f"@{self.fake.bot_user.username} {text}"

    def command(
        self,
        place: Place,
        person: Person,
        line: str,
        *,
        file: Sent | None = None,
        about: str | None = None,
    ) -> None:
        if file is None:
            self.say(place, person, line, about)
        else:
            self.send(place, person, [file], line, about)

    def push(self, place: Place, person: Person, message: Shown, data: str) -> None:
        self.fake.press(self._chat(place), person.raw, int(message.message_id), data)

    async def fill_in(self, place: Place, person: Person, message: Shown, data: str, words: str) -> None:
        """By a reply to the message with which the bot asks."""
        screen = self.screen(place)
        known = len(screen.messages)

        def asked() -> list[Shown]:
            new = screen.messages[known:]
            return [shown for shown in new if (shown.versions[-1].raw["reply_markup"] or {}).get("force_reply")]

        self.push(place, person, message, data)
        await screen.until(lambda _: bool(asked()))
        self.say(place, person, words, asked()[0].message_id)

    def edit(self, place: Place, person: Person, message_id: str, text: str) -> None:
        self.fake.edit(self._chat(place), int(message_id), text)

    def delete(self, place: Place, message_id: str) -> None:
        self.fake.delete(self._chat(place), int(message_id))

    def screen(self, place: Place) -> Screen:
        chat, thread = place.raw
        return self.fake.screen(chat, thread)

    def whispered(self, place: Place, person: Person) -> list[Shown]:
        return []

    def rendered(self, text: str) -> str:
        return self._markup.render(text).text

    def fault(
        self, kind: FaultKind, call: CallName, place: Place | None = None, *, final: bool = False, **fields: Any
    ) -> None:
        where = None if place is None else ("chat_id", str(self._chat(place).id))
        self.fake.faults.add(fault_of(kind, CALLS[call], where, final=final, **fields))

    @property
    def floods(self) -> int:
        return self.fake.floods

    def rest(self) -> None:
        self.fake.flood.rest()

    @property
    def fetches(self) -> int:
        return self.fake.counted()["getFile"]

    @property
    def secret(self) -> str:
        return self.fake.token

    @property
    def address(self) -> str:
        return self.fake.url

    def unresolved(self) -> list[str]:
        return [version.text for screen in self.all_screens() for version in screen.previews.values()]

    def all_screens(self) -> list[Screen]:
        return list(self.fake.screens.values())

    @staticmethod
    def _chat(place: Place) -> Chat:
        chat: Chat = place.raw[0]
        return chat
