"""Lines of the terminal as the core's events."""

from __future__ import annotations

import getpass
import re
import secrets

from bot.domain.attachments import Attachment
from bot.domain.ids import ChatRef, Person
from bot.domain.messages import CommandCall, Message

CHAT = ChatRef("console", "local", "terminal", "private")
"""One terminal is one chat, so that the conversation goes on the next time."""

_COMMAND = re.compile(r"/[A-Za-z]\w*(@\w+)?(\s|$)")
"""A path such as `/etc/hosts` is not a command."""


def person() -> Person:
    """Whoever sits there. The id is always the same, so that settings can name it: `console:local`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in the password file
        name = "you"
    return Person("console", "local", name)


def to_event(line: str, author: Person, attachments: tuple[Attachment, ...] = ()) -> Message | CommandCall:
    """What a line says. Keys are random, because the store must never have seen them in an earlier run."""
    key = f"console:{secrets.token_hex(8)}"
    if _COMMAND.match(line):
        return CommandCall(key=key, chat=CHAT, author=author, call=line, message_id=key, attachments=attachments)
    return Message(
        key=key,
        chat=CHAT,
        author=author,
        message_id=key,
        text=line,
        addressing="direct",
        attachments=attachments,
    )
