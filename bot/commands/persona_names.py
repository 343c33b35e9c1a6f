"""Names of personas: written one way, completed while somebody types, and found again when misspelt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from bot.commands import buttons
from bot.commands.spec import Call, Context, Reply
from bot.domain.ids import scope_ladder
from bot.replies import notices
from bot.replies.notices import code

PREFERENCE = "persona"

_NAME = re.compile(r"[^\W_][\w-]{0,31}")
"""Letters and digits of any script; a `+` would be a combination."""

_MOST_SUGGESTIONS = 25
"""Discord's limit for autocomplete."""


def normalized(typed: str) -> str:
    """A name as it is stored: small letters, one form of each letter, no blanks around it or around a `+`."""
    parts = unicodedata.normalize("NFKC", typed).casefold().split("+")
    return "+".join(part.strip() for part in parts)


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


async def complete(context: Context, typed: str) -> Sequence[str]:
    """Names that hold what is typed; behind a `+`, combinations with what stands before it."""
    before, plus, last = normalized(typed).rpartition("+")
    personas = await context.services.personas.available(context.chat, context.person)
    taken = before.split("+")
    names = [persona.name for persona in personas if last in persona.name and persona.name not in taken]
    return [f"{before}{plus}{name}" for name in names][:_MOST_SUGGESTIONS]


async def complete_own(context: Context, typed: str) -> Sequence[str]:
    """Names of the personas that people wrote here."""
    personas = await context.services.store.personas.list(scope_ladder(context.chat, context.person))
    wanted = normalized(typed)
    return [persona.name for persona in personas if wanted in persona.name][:_MOST_SUGGESTIONS]


async def unknown(call: Call, name: str, command: str | None = None) -> Reply:
    """No persona is called so; `command`, if there is one, is offered with the closest name."""
    locale = call.person.locale
    names = [persona.name for persona in await call.services.personas.available(call.chat, call.person)]
    close = get_close_matches(name, names, n=1)
    if not close:
        return Reply(notices.PERSONA_UNKNOWN.say(locale, name=code(name)), private=True)
    said = notices.PERSONA_UNKNOWN_CLOSE.say(locale, name=code(name), closest=code(close[0]))
    offered = [] if command is None else [(close[0], f"{command} {close[0]}")]
    return Reply(said, buttons.run(offered), private=True)
