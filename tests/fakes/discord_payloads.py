"""Discord's JSON objects, built from the state."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fakes.discord_state import (
    EVERYTHING,
    Channel,
    ChannelKind,
    Guild,
    Interaction,
    Json,
    Message,
    Permission,
    Role,
    User,
)

_BEGINNING = datetime(2024, 1, 1, tzinfo=UTC).isoformat()


def user_object(user: User) -> Json:
    return {
        "id": user.id,
        "username": user.name.lower().replace(" ", "_"),
        "global_name": None if user.bot else user.name,
        "discriminator": "0",
        "avatar": None,
        "bot": user.bot,
    }


def member_object(guild: Guild, user: User) -> Json:
    """A guild member without its user, as messages carry it."""
    return {
        "roles": [role.id for role in guild.members.get(user, [])],
        "joined_at": _BEGINNING,
        "deaf": False,
        "mute": False,
        "nick": None,
        "flags": 0,
    }


def role_object(role: Role, position: int, permissions: Permission) -> Json:
    data: Json = {
        "id": role.id,
        "name": role.name,
        "permissions": str(int(permissions)),
        "position": position,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.bot is not None,
        "mentionable": role.mentionable,
        "flags": 0,
    }
    if role.bot is not None:
        data["tags"] = {"bot_id": role.bot.id}
    return data


def channel_object(channel: Channel, bot: User) -> Json:
    last = next(reversed(channel.messages), None)
    data: Json = {"id": channel.id, "type": int(channel.kind), "last_message_id": last, "flags": 0}
    if channel.kind is ChannelKind.DM:
        return data | {"recipients": [user_object(channel.recipient)] if channel.recipient else []}
    data |= {"name": channel.name, "guild_id": channel.guild.id if channel.guild else None}
    if channel.parent is not None:
        return data | _thread_fields(channel, bot)
    overwrites = []
    if channel.denied:
        overwrites.append({"id": bot.id, "type": 1, "allow": "0", "deny": str(int(channel.denied))})
    return data | {
        "position": 0,
        "permission_overwrites": overwrites,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
    }


def _thread_fields(thread: Channel, bot: User) -> Json:
    assert thread.parent is not None
    assert thread.owner is not None
    fields: Json = {
        "parent_id": thread.parent.id,
        "owner_id": thread.owner.id,
        "message_count": len(thread.messages),
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": thread.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": _BEGINNING,
            "locked": False,
            "create_timestamp": _BEGINNING,
        },
    }
    if thread.owner is bot:
        fields["member"] = {"id": thread.id, "user_id": bot.id, "join_timestamp": _BEGINNING, "flags": 0}
    return fields


def guild_object(guild: Guild, bot: User) -> Json:
    """A guild as GUILD_CREATE carries it, with the bot's own member alone (large guilds send no more) and without the
    threads that are archived."""
    channels = [channel_object(channel, bot) for channel in guild.channels if not channel.archived]
    return {
        "id": guild.id,
        "name": guild.name,
        "owner_id": guild.id,
        "roles": [role_object(role, place, EVERYTHING) for place, role in enumerate(guild.roles)],
        "members": [member_object(guild, bot) | {"user": user_object(bot)}],
        "channels": [channel for channel in channels if channel["type"] == ChannelKind.TEXT],
        "threads": [channel for channel in channels if channel["type"] == ChannelKind.PUBLIC_THREAD],
        "member_count": len(guild.members),
        "preferred_locale": "en-US",
        "features": [],
        "emojis": [],
        "stickers": [],
        "voice_states": [],
        "presences": [],
        "unavailable": False,
        "large": False,
        "joined_at": _BEGINNING,
    }


def message_object(message: Message, bot: User, *, quoting: bool = True) -> Json:
    """A message as REST answers carry it; `quoting` includes the message that it replies to."""
    data: Json = {
        "id": message.id,
        "channel_id": message.channel.id,
        "type": message.type,
        "content": message.content,
        "author": user_object(message.author),
        "attachments": [file.object() for file in message.attachments],
        "embeds": message.embeds,
        "components": message.components,
        "mentions": [_mention(user, message.channel.guild) for user in message.mentions],
        "mention_roles": message.mention_roles,
        "mention_everyone": message.mention_everyone,
        "pinned": False,
        "tts": False,
        "timestamp": message.created.isoformat(),
        "edited_timestamp": message.edited.isoformat() if message.edited else None,
        "flags": message.flags,
    }
    if message.nonce is not None:
        data["nonce"] = message.nonce
    if message.thread is not None:
        data["thread"] = channel_object(message.thread, bot)
    if message.interaction is not None:
        data |= _origin(message.interaction, bot)
    if message.stickers:
        data["sticker_items"] = message.stickers
    if message.forwarded is not None:
        data |= _forwarded(message.forwarded)
    if message.reference is not None:
        data |= _reference(message, bot, quoting=quoting)
    return data


def _mention(user: User, guild: Guild | None) -> Json:
    data = user_object(user)
    if guild is not None and user in guild.members:
        data["member"] = member_object(guild, user)
    return data


def _origin(interaction: Interaction, bot: User) -> Json:
    """What marks a message as the answer to an interaction; the application's id is the bot's."""
    return {
        "webhook_id": bot.id,
        "application_id": bot.id,
        "interaction_metadata": {
            "id": interaction.id,
            "type": interaction.kind,
            "user": user_object(interaction.user),
            "authorizing_integration_owners": integration_owners(interaction),
        },
    }


def _reference(message: Message, bot: User, *, quoting: bool) -> Json:
    # A thread's opening message quotes one of the parent channel, whose id the thread shares.
    place = message.channel.parent if message.type == 21 and message.channel.parent else message.channel
    data: Json = {"message_reference": {"type": 0, "message_id": message.reference, "channel_id": place.id}}
    if place.guild is not None:
        data["message_reference"]["guild_id"] = place.guild.id
    if quoting:
        quoted = place.messages.get(message.reference or "")
        data["referenced_message"] = message_object(quoted, bot, quoting=False) if quoted else None
    return data


def _forwarded(message: Message) -> Json:
    """What a forwarded message shows: the words and files of the other one, without its author."""
    shown = {
        "type": message.type,
        "content": message.content,
        "embeds": message.embeds,
        "attachments": [file.object() for file in message.attachments],
        "timestamp": message.created.isoformat(),
        "edited_timestamp": message.edited.isoformat() if message.edited else None,
        "flags": message.flags,
        "mentions": [],
        "mention_roles": [],
        "components": [],
    }
    reference: Json = {"type": 1, "message_id": message.id, "channel_id": message.channel.id}
    return {"message_reference": reference, "message_snapshots": [{"message": shown}]}


def event_object(message: Message, bot: User) -> Json:
    """A message as gateway events carry it."""
    data = message_object(message, bot)
    guild = message.channel.guild
    if guild is not None:
        data["guild_id"] = guild.id
        if message.author in guild.members:
            data["member"] = member_object(guild, message.author)
    return data


def integration_owners(interaction: Interaction) -> dict[str, str]:
    """Who installed the app: the server ("0"; "0" for a direct message with the bot) or the user ("1")."""
    if interaction.user_install:
        return {"1": interaction.user.id}
    guild = interaction.channel.guild
    return {"0": guild.id if guild else "0"}


def interaction_object(interaction: Interaction, bot: User) -> Json:
    """An interaction as INTERACTION_CREATE carries it."""
    channel, user = interaction.channel, interaction.user
    data: Json = {
        "id": interaction.id,
        "application_id": bot.id,
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": channel_object(channel, bot) | {"permissions": str(int(EVERYTHING))},
        "app_permissions": str(int(EVERYTHING & ~channel.denied)),
        "locale": user.locale,
        "entitlements": [],
        "authorizing_integration_owners": integration_owners(interaction),
        "attachment_size_limit": 10 * 1024 * 1024,
        "context": _context(interaction),
    }
    if interaction.message is not None:
        data["message"] = message_object(interaction.message, bot)
    if channel.guild is None:
        return data | {"user": user_object(user)}
    member = member_object(channel.guild, user) | {"user": user_object(user), "permissions": str(int(EVERYTHING))}
    guild: Json = {"id": channel.guild.id, "locale": "en-US", "features": []}
    return data | {"guild_id": channel.guild.id, "guild_locale": "en-US", "guild": guild, "member": member}


def _context(interaction: Interaction) -> int:
    """0: in a server, 1: in a direct message with the bot, 2: in another private channel."""
    if interaction.channel.guild is not None:
        return 0
    return 2 if interaction.user_install else 1
