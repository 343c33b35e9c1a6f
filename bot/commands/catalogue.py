"""All commands. A new one is one declaration with its handler, and its name here."""

from __future__ import annotations

from bot.commands.admin import CLAIM, STATUS
from bot.commands.budget import BUDGET
from bot.commands.compare import COMPARE
from bot.commands.data import EXPORT, FORGET
from bot.commands.help import HELP, START
from bot.commands.media import DESCRIBE, IMAGINE, SPEAK, TRANSCRIBE, VOICE
from bot.commands.model import MODEL
from bot.commands.persona import PERSONA
from bot.commands.registry import checked
from bot.commands.rules import ALLOW, DENY
from bot.commands.sampling import PRESET, SET
from bot.commands.settings import SETTINGS
from bot.commands.spec import Command, Menu
from bot.commands.talk import ASK, NEW, RETRY, STOP
from bot.commands.usage import USAGE

COMMANDS: tuple[Command, ...] = checked(
    HELP,
    START,
    ASK,
    NEW,
    STOP,
    RETRY,
    COMPARE,
    PERSONA,
    MODEL,
    PRESET,
    SET,
    SETTINGS,
    IMAGINE,
    DESCRIBE,
    TRANSCRIBE,
    SPEAK,
    VOICE,
    USAGE,
    EXPORT,
    FORGET,
    ALLOW,
    DENY,
    BUDGET,
    STATUS,
    CLAIM,
)

MENUS: tuple[Menu, ...] = (
    Menu("Ask about this", ("ask",), asks="question"),
    Menu("Describe image", ("describe",)),
    Menu("Transcribe", ("transcribe",)),
)
"""What can be done with a message, on platforms with such menus."""
