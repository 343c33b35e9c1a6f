"""Whether words turn to the bot, and what is left of them without its name."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import MessageEntity

from adapters.telegram.identity import BotIdentity
from adapters.telegram.utf16 import span

AFTER_NAME = " \t\n,:;"
CLINGING = " \t\n,.:;!?"


def leading_command(text: str, entities: Sequence[MessageEntity]) -> tuple[str, str, str] | None:
    """`/name@target rest` taken apart, if the text begins with a command: name, target and the rest, as written."""
    for entity in entities:
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            _, end = span(text, 0, entity.length)
            name, _, target = text[1:end].partition("@")
            return name, target, text[end:]
    return None


def is_for_bot(name: str, target: str, bot: BotIdentity, *, private: bool) -> bool:
    """Whether a command is meant for the bot: it names the bot, or the bot knows it, as groups may hold other bots."""
    if target:
        return target.lower() == bot.username.lower()
    return private or name.lower() in bot.commands


def without_mentions(text: str, entities: Sequence[MessageEntity], bot: BotIdentity) -> tuple[str, bool]:
    """The text without the bot's name, and whether the name was there. The words around it stay."""
    found = False
    for entity in sorted(entities, key=lambda each: each.offset, reverse=True):
        start, end = span(text, entity.offset, entity.length)
        if _names_bot(entity, text[start:end], bot):
            found = True
            text = _cut_out(text, start, end)
    return (text.strip() if found else text), found


def _names_bot(entity: MessageEntity, words: str, bot: BotIdentity) -> bool:
    match entity.type:
        case MessageEntity.MENTION:
            return words.lower() == bot.mention
        case MessageEntity.TEXT_MENTION:
            return entity.user is not None and entity.user.id == bot.id
        case _:
            return False


def _cut_out(text: str, start: int, end: int) -> str:
    """Without a name, and without the comma or the second blank that it leaves."""
    before, after = text[:start], text[end:]
    if not before.strip():
        return after.lstrip(AFTER_NAME)
    if before[-1].isspace() and (not after or after[0] in CLINGING):
        before = before[:-1]
    return before + after
