"""Discord as an end-to-end test sees it."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.discord import markup
from adapters.discord.adapter import DiscordPlatform
from bot.app import PlatformFactory
from bot.commands import parser, registry
from bot.commands.catalogue import COMMANDS, MENUS
from bot.settings import Settings
from tests.e2e.side import CallName, Person, Place, Sent, Side, fault_of
from tests.fakes.discord_api import DiscordFake
from tests.fakes.discord_cdn import Upload
from tests.fakes.faults import FaultKind
from tests.fakes.screen import Screen, Shown

CALLS: Mapping[CallName, str] = {
    "send": "POST /channels/{id}/messages",
    "edit": "PATCH /channels/{id}/messages/{id}",
    "typing": "POST /channels/{id}/typing",
    "fetch": "GET /attachments",
}


class DiscordSide(Side):
    """A place's `raw` is its channel. All groups are channels of one server."""

    name = "discord"
    part_length = 2000

    def __init__(self, fake: DiscordFake) -> None:
        self.fake = fake
        self.guild = fake.guild("Lab")

    def settings(self) -> Mapping[str, Any]:
        urls = {"discord_api_url": self.fake.api_url, "discord_gateway_url": self.fake.gateway_url}
        return {"discord_token": self.fake.token, **urls}

    def factory(self, settings: Settings) -> PlatformFactory:
        fake = self.fake
        return lambda notes, commands: DiscordPlatform(
            fake.token, notes, commands, menus=MENUS, api_url=fake.api_url, gateway_url=fake.gateway_url
        )

    async def up(self) -> None:
        await self.fake.ready(timeout=200)

    def person(self, name: str) -> Person:
        user = self.fake.user(name)
        return Person(name, f"discord:{user.id}", user)

    def private(self, person: Person) -> Place:
        return Place("private", self.fake.dm(person.raw))

    def group(self, title: str = "general", *, hears_all: bool = False) -> Place:
        return Place("group", self.guild.channel(title.lower()))

    def topic(self, group: Place, name: str, person: Person) -> Place:
        return Place("topic", self.guild.thread(group.raw, name, person.raw))

    def thread_on(self, group: Place, person: Person, message_id: str, name: str = "about it") -> Place:
        """A thread that a person opens on a message, anybody's; `say` in it as in any place."""
        return Place("topic", self.guild.thread(group.raw, name, person.raw, message_id))

    def thread_of(self, message_id: str) -> Place | None:
        """The thread on this message, whoever opened it; None while there is none. Its `raw.name` is the title."""
        found = self.fake.world.channels.get(message_id)
        return None if found is None else Place("topic", found)

    def say(self, place: Place, person: Person, text: str, reply_to: str | None = None) -> str:
        return self.fake.say(place.raw, person.raw, text, reply_to)

    def send(
        self, place: Place, person: Person, files: Sequence[Sent], text: str = "", reply_to: str | None = None
    ) -> str:
        first = files[0]
        if first.kind in ("voice", "round video"):
            return self.fake.send_file(
                place.raw,
                person.raw,
                first.data,
                first.name or "voice-message.ogg",
                content_type=first.mime or "audio/ogg",
                voice=True,
                duration=first.seconds,
                reply_to=reply_to,
            )
        if first.kind == "sticker":
            self.fake.world.cdn.stickers["7.png"] = first.data
            sticker = {"id": "7", "name": first.name or "wave", "format_type": 1}
            return self.fake.say(place.raw, person.raw, text, reply_to, stickers=[sticker])
        uploads = [_upload(file) for file in files]
        return self.fake.say(place.raw, person.raw, text, reply_to, files=uploads)

    def mention(self, text: str) -> str:
        return f"{self.fake.bot_user.mention} {text}"

    def command(
        self,
        place: Place,
        person: Person,
        line: str,
        *,
        file: Sent | None = None,
        about: str | None = None,
    ) -> None:
        if about is not None:
            menu = next(menu for menu in MENUS if line.startswith("/" + " ".join(menu.path)) and menu.asks is None)
            self.fake.message_command(place.raw, person.raw, menu.label, about)
            return
        invocation = parser.parse(COMMANDS, line)
        values: dict[str, Any] = dict(invocation.values)
        if file is not None:
            command = registry.find(COMMANDS, invocation.path)
            assert command is not None
            values |= {option.name: _upload(file) for option in command.options if option.type == "file"}
        self.fake.command(place.raw, person.raw, invocation.path, values)

    def push(self, place: Place, person: Person, message: Shown, data: str) -> None:
        self.fake.press(place.raw, person.raw, message.message_id, data)

    async def fill_in(self, place: Place, person: Person, message: Shown, data: str, words: str) -> None:
        """Through the form that the button opens."""
        interaction = self.fake.press(place.raw, person.raw, message.message_id, data)
        await self.fake.modal(interaction)
        self.fake.submit_modal(interaction, words)

    def edit(self, place: Place, person: Person, message_id: str, text: str) -> None:
        self.fake.edit(place.raw, person.raw, message_id, text)

    def delete(self, place: Place, message_id: str) -> None:
        self.fake.delete(place.raw, message_id)

    def screen(self, place: Place) -> Screen:
        return self.fake.screen(place.raw)

    def whispered(self, place: Place, person: Person) -> list[Shown]:
        messages = place.raw.messages
        by_bot = self.screen(place).by_bot()
        return [shown for shown in by_bot if messages[shown.message_id].seen_by is person.raw]

    def rendered(self, text: str) -> str:
        return markup.render(text)

    def fault(
        self, kind: FaultKind, call: CallName, place: Place | None = None, *, final: bool = False, **fields: Any
    ) -> None:
        where = None if place is None else ("channel", place.raw.id)
        self.fake.faults.add(fault_of(kind, CALLS[call], where, final=final, **fields))

    @property
    def floods(self) -> int:
        return self.fake.floods

    @property
    def fetches(self) -> int:
        return sum(call.route == CALLS["fetch"] for call in self.fake.calls)

    @property
    def secret(self) -> str:
        return self.fake.token

    @property
    def address(self) -> str:
        return self.fake.world.base_url()

    def unresolved(self) -> list[str]:
        channels = self.fake.world.channels.values()
        return [shown.message_id for channel in channels for shown in self.fake.thinking(channel)]

    def all_screens(self) -> list[Screen]:
        return list(self.fake.screens.values())


def _upload(file: Sent) -> Upload:
    """As Discord's client sends it: with a name always, and the type that the name tells."""
    name = file.name or {"photo": "photo.jpg", "voice": "voice-message.ogg"}.get(file.kind, "file.bin")
    return Upload(file.data, name, file.mime or mimetypes.guess_type(name)[0], file.seconds)
