"""Finding what a path names, as far as the bot may see it."""

from __future__ import annotations

from tests.fakes.discord_errors import refusal
from tests.fakes.discord_routes import Asked
from tests.fakes.discord_state import Channel, ChannelKind, Message, Permission
from tests.fakes.discord_world import World


def visible_channel(world: World, asked: Asked) -> Channel:
    channel = world.channels.get(asked.path["channel"])
    if channel is None:
        raise refusal(10003)
    if channel.lacks(Permission.VIEW_CHANNEL) or (channel.guild is not None and not channel.guild.has_bot):
        raise refusal(50001)
    return channel


def writable_channel(world: World, asked: Asked) -> Channel:
    channel = visible_channel(world, asked)
    in_thread = channel.kind is ChannelKind.PUBLIC_THREAD
    needed = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
    if channel.lacks(needed):
        raise refusal(50013)
    return channel


def visible_message(world: World, asked: Asked) -> Message:
    """Ephemeral messages are out of reach of these endpoints; only their interaction's webhook knows them."""
    message = visible_channel(world, asked).messages.get(asked.path["message"])
    if message is None or message.seen_by is not None:
        raise refusal(10008)
    return message
