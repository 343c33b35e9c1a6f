"""What people do on the fake Discord: write, send files, press buttons, use commands and menus, fill in forms."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from tests.fakes.discord_cdn import Upload
from tests.fakes.discord_commands import Commands, OptionValue
from tests.fakes.discord_interactions import AUTOCOMPLETE as TYPING
from tests.fakes.discord_interactions import COMMAND, COMPONENT, MODAL, Interactions
from tests.fakes.discord_mentions import Mentions, mentioned
from tests.fakes.discord_modals import filled_in
from tests.fakes.discord_payloads import message_object
from tests.fakes.discord_state import Channel, Interaction, Json, Message, MessageFlag, User
from tests.fakes.discord_world import World

_BUTTON = 2
_REPLY = 19

FLAT = bytes([0, 40, 80, 40])
"""A waveform as good as any."""


class People:
    """What people do takes effect at once; only what must wait for the bot is a coroutine."""

    world: World
    interactions: Interactions
    commands: Commands

    def say(
        self,
        channel: Channel,
        user: User,
        text: str,
        reply_to: str | None = None,
        *,
        files: Sequence[Upload] = (),
        stickers: Sequence[Json] = (),
        flags: int = 0,
    ) -> str:
        """Write a message and return its id. `<@ID>` and `<@&ID>` in the text are mentions; a reply pings too.

        A sticker is `{"id", "name", "format_type"}`; 1 is PNG, 2 APNG, 3 Lottie, 4 GIF.
        """
        _join(channel, user)
        quoted = None if reply_to is None else channel.messages[reply_to]
        body: Json = {"content": text, "attachments": [self.world.cdn.store(file, channel.id) for file in files]}
        mentions = mentioned(text, quoted.author.id if quoted else None)
        kind = _REPLY if quoted else 0
        extra = {"reference": reply_to, "stickers": list(stickers), "flags": flags}
        return self.world.post(channel, user, body, mentions, type=kind, **extra).id

    def send_file(
        self,
        channel: Channel,
        user: User,
        data: bytes,
        filename: str,
        *,
        content_type: str | None = None,
        text: str = "",
        voice: bool = False,
        duration: float | None = None,
        waveform: bytes | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Send one file; `voice` makes it a voice message. Several in one message: `say(..., files=[...])`."""
        if voice:
            assert not text, "a voice message has no text"
            duration, waveform = duration or 1.0, waveform or FLAT
        file = Upload(data, filename, content_type, duration, waveform)
        flags = MessageFlag.VOICE if voice else 0
        return self.say(channel, user, text, reply_to, files=[file], flags=int(flags))

    def forward(self, source: Channel, message_id: str, user: User, to: Channel) -> str:
        """Pass a message on; what arrives is a copy of its words and files."""
        _join(to, user)
        copied: Message = copy.copy(source.messages[message_id])
        copied.attachments = [self.world.cdn.store(file.upload, source.id) for file in copied.attachments]
        flags = int(MessageFlag.HAS_SNAPSHOT)
        return self.world.post(to, user, {"content": ""}, Mentions(), forwarded=copied, flags=flags).id

    def edit(self, channel: Channel, user: User, message_id: str, text: str) -> None:
        message = channel.messages[message_id]
        assert message.author is user, "people change only their own messages"
        self.world.revise(message, {"content": text}, mentioned(text, None))

    def delete(self, channel: Channel, message_id: str) -> None:
        """Delete a message, anybody's, as its author or a moderator does."""
        self.world.remove(channel.messages[message_id])

    def delete_together(self, channel: Channel, message_ids: Sequence[str]) -> None:
        """Delete several messages at once, as moderators do."""
        self.world.remove_together(channel, [channel.messages[message_id] for message_id in message_ids])

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel or a thread with all that is in it."""
        self.world.remove_channel(channel)

    def press(self, channel: Channel, user: User, message_id: str, custom_id: str) -> Interaction:
        """Press a button, which must be there to be pressed."""
        _join(channel, user)
        message = channel.messages[message_id]
        shown = next(shown for shown in channel.screen.messages if shown.message_id == message_id)
        assert custom_id in [data for _, data in shown.buttons], f"no button {custom_id!r} among {shown.buttons}"
        assert message.seen_by in (None, user), "this message is shown to somebody else"
        data: Json = {"custom_id": custom_id, "component_type": _BUTTON}
        installed = message.interaction is not None and message.interaction.user_install
        return self.interactions.begin(COMPONENT, channel, user, data, message=message, user_install=installed)

    def command(
        self,
        channel: Channel,
        user: User,
        path: str | tuple[str, ...],
        options: Mapping[str, OptionValue | Upload] | None = None,
        *,
        user_install: bool = False,
    ) -> Interaction:
        """Use a slash command that the bot has registered; `path` is "persona use" or its parts.

        An option that takes a file is given an `Upload`.
        """
        _join(channel, user)
        given = options or {}
        cdn = self.world.cdn
        files = {
            name: cdn.store(value, channel.id, ephemeral=True)
            for name, value in given.items()
            if isinstance(value, Upload)
        }
        values = {name: value for name, value in given.items() if not isinstance(value, Upload)}
        data = self.commands.invocation(path, {**values, **files}, _guild_id(channel), user_install=user_install)
        if files:
            data["resolved"] = {"attachments": {file.id: file.object() for file in files.values()}}
        return self.interactions.begin(COMMAND, channel, user, data, user_install=user_install)

    def message_command(
        self, channel: Channel, user: User, name: str, message_id: str, *, user_install: bool = False
    ) -> Interaction:
        """Use a command from the menu of a message."""
        _join(channel, user)
        message = channel.messages[message_id]
        data = self.commands.on_message(name, message.id, _guild_id(channel), user_install=user_install)
        data["resolved"] = {"messages": {message.id: message_object(message, self.world.bot)}}
        return self.interactions.begin(COMMAND, channel, user, data, user_install=user_install)

    async def modal(self, interaction: Interaction) -> Json:
        """The form that a press or a command opens: `title`, `custom_id`, `components`."""
        await self.interactions.answered(interaction, self.world.rules.respond_within)
        assert interaction.modal is not None, f"answered with a response of type {interaction.response}"
        return interaction.modal

    def submit_modal(self, interaction: Interaction, values: Mapping[str, str] | str) -> Interaction:
        """Fill in the form that `interaction` opened and send it; a text alone is for its only field."""
        assert interaction.modal is not None, "no form is open"
        data: Json = {
            "custom_id": interaction.modal["custom_id"],
            "components": filled_in(interaction.modal["components"], values),
        }
        channel, user = interaction.channel, interaction.user
        installed = interaction.user_install
        return self.interactions.begin(MODAL, channel, user, data, message=interaction.message, user_install=installed)

    async def autocomplete(
        self,
        channel: Channel,
        user: User,
        path: str | tuple[str, ...],
        option: str,
        typed: str,
        timeout: float | None = None,
    ) -> list[Json]:
        """Type into a command's option and return the choices offered, each with `name` and `value`."""
        _join(channel, user)
        data = self.commands.invocation(path, {option: typed}, _guild_id(channel), focused=option)
        interaction = self.interactions.begin(TYPING, channel, user, data)
        await self.interactions.answered(interaction, timeout or self.world.rules.respond_within)
        return interaction.choices


def _join(channel: Channel, user: User) -> None:
    """Whoever acts in a server is a member of it."""
    if channel.guild is not None:
        channel.guild.members.setdefault(user, [])


def _guild_id(channel: Channel) -> str | None:
    return None if channel.guild is None else channel.guild.id
