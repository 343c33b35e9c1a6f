"""The commands that Telegram offers behind its menu button."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)

from bot.commands.spec import Command
from bot.ports import Notes

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9_]{1,32}")
LONGEST_DESCRIPTION = 256
MOST_COMMANDS = 100
PRIVATE_ONLY = frozenset({"start"})
"""Commands that Telegram's own buttons use in private chats, and nobody needs elsewhere."""

SCOPES: Mapping[str, BotCommandScope] = {
    "default": BotCommandScopeDefault(),
    "private": BotCommandScopeAllPrivateChats(),
    "groups": BotCommandScopeAllGroupChats(),
}
"""All three are set: a list that other software left in a narrower scope would hide the default one."""


def menus(commands: Sequence[Command]) -> dict[str, list[BotCommand]]:
    """The menu of each scope, without commands that are hidden, for admins, or not possible on Telegram."""
    offered = [_entry(command) for command in commands if not command.hidden and not command.admins_only]
    private = [entry for entry in offered if entry is not None][:MOST_COMMANDS]
    groups = [entry for entry in private if entry.command not in PRIVATE_ONLY]
    return {"default": private, "private": private, "groups": groups}


async def sync_menu(bot: Bot, notes: Notes, bot_id: int, commands: Sequence[Command]) -> None:
    """Set the menus if they differ from the ones that were set last. Raises TelegramError."""
    wanted = menus(commands)
    note = f"telegram:{bot_id}:menu"
    digest = _digest(wanted)
    if await notes.read(note) == digest:
        return
    for scope, entries in wanted.items():
        await bot.set_my_commands(entries, scope=SCOPES[scope])
    await notes.write(note, digest)
    log.info("Telegram: the menu of commands is set")


def _entry(command: Command) -> BotCommand | None:
    description = command.summary.strip()
    if not NAME.fullmatch(command.name) or not description:
        log.warning("Telegram's menu cannot take the command %r: its name or its description", command.name)
        return None
    if len(description) > LONGEST_DESCRIPTION:
        description = description[: LONGEST_DESCRIPTION - 1] + "…"
    return BotCommand(command.name, description)


def _digest(wanted: Mapping[str, Sequence[BotCommand]]) -> str:
    plain = {scope: [(entry.command, entry.description) for entry in entries] for scope, entries in wanted.items()}
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()
