"""How the bot behaves in a chat: when it answers, whose conversation it goes on with, and what waits for what.

Asked for every message that arrives, before anything may wait: what is set is therefore kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

from bot.domain.ids import ChatRef, Person, chat_scopes, settings_scope
from bot.ports import Preferences

ReplyPolicy = Literal["mention", "always", "word", "thread"]
Scope = Literal["thread", "shared", "person"]
Busy = Literal["queue", "interrupt", "merge", "reject"]
Name = Literal["reply", "word", "scope", "busy", "reasoning"]
"""Under what a preference is stored."""

_NAMES: tuple[Name, ...] = get_args(Name)
_T = TypeVar("_T", bound=str)


@dataclass(frozen=True, slots=True)
class Manner:
    """`reply`: answer when mentioned, to every message, also to those with the wake word `word`, or when mentioned and
    then in a thread of its own. `scope`: each thread has a conversation, all threads share that of their chat, or
    everybody in a group has one. `busy`: what becomes of a question while an answer is being written. `reasoning`: what
    a model thinks is shown.
    """

    reply: ReplyPolicy = "mention"
    word: str = ""
    scope: Scope = "thread"
    busy: Busy = "queue"
    reasoning: bool = False


class Manners:
    """Resolves the ladder thread, chat, server, default."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._set: dict[str, dict[str, str]] = {}

    async def load(self) -> None:
        """Read what is stored; once, before the first message."""
        stored = await self._preferences.all(_NAMES)
        self._set = {scope: dict(values) for scope, values in stored.items()}

    def of(self, chat: ChatRef) -> Manner:
        chosen: dict[str, str] = {}
        for scope in reversed(chat_scopes(chat)):
            chosen |= self._set.get(scope, {})
        return _manner(chosen)

    async def put(self, chat: ChatRef, name: Name, value: str | None) -> None:
        """Set something for the thread or chat, or go back to what holds above it."""
        scope = settings_scope(chat)
        await self._preferences.put(scope, name, value)
        values = self._set.setdefault(scope, {})
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value

    def seated(self, chat: ChatRef, person: Person | None) -> ChatRef:
        """The chat with whose conversation it is, as its scope says; that of nobody in particular without a person."""
        scope = self.of(chat).scope
        own = person if scope == "person" and chat.kind == "group" else None
        return replace(chat, owner=None if own is None else own.user_id, joined=scope == "shared")

    def forget(self, scope: str) -> None:
        """What was set in a scope is deleted from storage."""
        self._set.pop(scope, None)

    def move(self, old_scope: str, new_scope: str) -> None:
        """What was set in a scope moved in storage; what the new scope has set already stays."""
        self._set[new_scope] = self._set.pop(old_scope, {}) | self._set.get(new_scope, {})


def _manner(chosen: Mapping[str, str]) -> Manner:
    usual, word = Manner(), chosen.get("word", "")
    reply = _one_of(get_args(ReplyPolicy), chosen.get("reply"), usual.reply)
    return Manner(
        reply=usual.reply if reply == "word" and not word else reply,
        word=word,
        scope=_one_of(get_args(Scope), chosen.get("scope"), usual.scope),
        busy=_one_of(get_args(Busy), chosen.get("busy"), usual.busy),
        reasoning=chosen.get("reasoning") == "on",
    )


def _one_of(choices: tuple[_T, ...], value: str | None, usual: _T) -> _T:
    """The value, unless another version of the bot stored it."""
    return next((choice for choice in choices if choice == value), usual)
