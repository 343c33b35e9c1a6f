"""A server as a test holds it in its hands."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.discord_state import Channel, Guild, Permission, Role, User
from tests.fakes.discord_world import World


@dataclass(frozen=True, slots=True)
class GuildHandle:
    """A server and what can be made in it."""

    world: World
    guild: Guild

    @property
    def id(self) -> str:
        return self.guild.id

    def channel(self, name: str, *, denied: Permission = Permission.NONE) -> Channel:
        """A text channel; `denied` is what the bot may not do there."""
        return self.world.add_channel(Channel(self.world.new_id(), name, guild=self.guild, denied=denied))

    def thread(self, parent: Channel, name: str, owner: User, message_id: str | None = None) -> Channel:
        """A thread that a person opens, from a message or without one."""
        starter = None if message_id is None else parent.messages[message_id]
        return self.world.add_thread(parent, name, owner, starter)

    def role(self, name: str, *members: User) -> Role:
        """A role that these people hold."""
        return self.world.add_role(self.guild, Role(self.world.new_id(), name), members)

    def bot_role(self) -> Role:
        """The role that Discord makes for a bot when it is invited; mentioning it means the bot."""
        return next(role for role in self.guild.roles if role.bot is not None)
