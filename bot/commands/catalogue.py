"""All commands. A new one is one declaration with its handler, and its name here."""

from __future__ import annotations

from bot.commands.compare import COMPARE
from bot.commands.help import HELP, START
from bot.commands.media import DESCRIBE, IMAGINE, SPEAK, TRANSCRIBE, VOICE
from bot.commands.model import MODEL
from bot.commands.persona import PERSONA
from bot.commands.registry import checked
from bot.commands.spec import Command, Menu
from bot.commands.talk import ASK, NEW, RETRY, STOP

COMMANDS: tuple[Command, ...] = checked(
    HELP, START, ASK, NEW, STOP, RETRY, COMPARE, PERSONA, MODEL, IMAGINE, DESCRIBE, TRANSCRIBE, SPEAK, VOICE
)

MENUS: tuple[Menu, ...] = (
    Menu("Ask about this", ("ask",), asks="question"),
    Menu("Describe image", ("describe",)),
    Menu("Transcribe", ("transcribe",)),
)
"""What can be done with a message, on platforms with such menus."""
