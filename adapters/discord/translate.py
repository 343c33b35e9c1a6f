"""What discord.py hands over, as values of the core. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import discord

from adapters.discord import attachments, mentions
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Addressing, Deleted, Edited, Message, Quote

PLATFORM = "discord"

_WRITTEN = (discord.MessageType.default, discord.MessageType.reply)
"""Messages that people write; all others are Discord's own announcements."""


def place(channel: Any, bot_id: int, guild_id: int | None, *, private: bool) -> ChatRef:
    """Where something happened. A thread belongs to the channel in which it was started."""
    in_thread = isinstance(channel, discord.Thread)
    return ChatRef(
        platform=PLATFORM,
        bot_id=str(bot_id),
        chat_id=str(channel.parent_id if in_thread else channel.id),
        kind="private" if private else "group",
        thread_id=str(channel.id) if in_thread else None,
        server_id=None if guild_id is None else str(guild_id),
    )


def opens_threads(channel: Any) -> bool:
    """Whether a thread can be opened on a message there: in channels for text or news."""
    return isinstance(channel, discord.TextChannel)


def person(user: discord.User | discord.Member, locale: str | None = None) -> Person:
    roles = user.roles if isinstance(user, discord.Member) else []
    held = frozenset(str(role.id) for role in roles if not role.is_default())
    return Person(PLATFORM, str(user.id), user.display_name, locale, held)


def message(found: discord.Message, bot: discord.ClientUser) -> Message | None:
    """A person's message; None for those of bots, webhooks and Discord itself, and where there is nothing to hear."""
    if found.author.bot or found.webhook_id is not None or found.type not in _WRITTEN:
        return None
    own = _own_marks(found, bot)
    private = isinstance(found.channel, discord.DMChannel)
    files = tuple(file for file, _ in attachments.of_message(found))
    if not private and not (found.content or files or found.message_snapshots):
        # A sticker that moves, or words that Discord keeps from a bot without the message content intent.
        return None
    return Message(
        key=f"{PLATFORM}:{bot.id}:m{found.id}",
        chat=place(found.channel, bot.id, found.guild.id if found.guild else None, private=private),
        author=person(found.author),
        message_id=str(found.id),
        text=_text(found, own),
        addressing="direct" if private else _addressing(found, bot, own),
        attachments=files,
        quote=None if (quoted := quoted_by(found)) is None else quote(quoted, bot),
    )


def edited(found: discord.Message, bot: discord.ClientUser) -> Edited | None:
    """A message whose author changed it; None when Discord changed it (a preview of a link, a pin, a thread)."""
    changed = found.edited_at
    new = message(found, bot)
    if changed is None or new is None:
        return None
    return Edited(replace(new, key=f"{new.key}:e{int(changed.timestamp() * 1000)}"))


def deleted(message_ids: Iterable[int], chat: ChatRef, bot_id: int) -> Deleted:
    """Messages that Discord took away together; it tells of each once."""
    gone = sorted(message_ids)
    return Deleted(f"{PLATFORM}:{bot_id}:d{gone[0]}", chat, tuple(map(str, gone)))


def in_own_thread(event: Message | Edited) -> Message | Edited:
    """The same, in a thread on a message of the bot: what turns to nobody there is for the bot."""
    match event:
        case Edited(new):
            return Edited(replace(new, addressing="thread")) if new.addressing == "none" else event
        case Message():
            return replace(event, addressing="thread") if event.addressing == "none" else event


def _own_marks(found: discord.Message, bot: discord.ClientUser) -> frozenset[str]:
    """The marks in the text that mean the bot: its name, and the role that Discord made for it."""
    marks = {f"<@{bot.id}>", f"<@!{bot.id}>"}
    own_role = found.guild.self_role if found.guild else None
    if own_role is not None:
        marks.add(own_role.mention)
    return frozenset(mark for mark in marks if mark in found.content)


def _addressing(found: discord.Message, bot: discord.ClientUser, own: frozenset[str]) -> Addressing:
    if own:
        return "mention"
    quoted = quoted_by(found)
    if quoted is not None and quoted.author.id == bot.id:
        return "reply"
    if isinstance(found.channel, discord.Thread) and found.channel.owner_id == bot.id:
        return "thread"
    return "none"


def _text(found: discord.Message, own: frozenset[str] = frozenset()) -> str:
    """What was written and what was forwarded with it, in readable words."""
    names = _names(found)
    texts = [mentions.readable(mentions.without(found.content, own), names)]
    texts += [mentions.readable(snapshot.content, names) for snapshot in found.message_snapshots]
    return "\n\n".join(text for text in texts if text)


def _names(found: discord.Message) -> dict[str, str]:
    names = {f"<@{user.id}>": f"@{user.display_name}" for user in found.mentions}
    names |= {role.mention: f"@{role.name}" for role in found.role_mentions}
    names |= {channel.mention: f"#{channel.name}" for channel in found.channel_mentions}
    return names


def quoted_by(found: discord.Message) -> discord.Message | None:
    """The message that it replies to, as far as Discord sent it along."""
    resolved = found.reference.resolved if found.reference else None
    return resolved if isinstance(resolved, discord.Message) else None


def quote(quoted: discord.Message, bot: discord.ClientUser) -> Quote:
    return Quote(
        author=quoted.author.display_name,
        text=_text(quoted),
        from_bot=quoted.author.id == bot.id,
        attachments=tuple(file for file, _ in attachments.of_message(quoted)),
        message_id=str(quoted.id),
    )
