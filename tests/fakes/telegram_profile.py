"""The Bot API's methods about the bot itself: who it is, how it gets its updates, its menu of commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_errors import bad_request
from tests.fakes.telegram_parameters import Parameters
from tests.fakes.telegram_state import Json, State
from tests.fakes.telegram_webhook import USUAL_CONNECTIONS, Webhook

MOST_COMMANDS = 100
SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)
LONGEST = {"name": 64, "description": 512, "short_description": 120}
"""Characters (Bot API, setMyName and its siblings)."""

MenuKey = tuple[str, str]
"""A scope as sorted JSON, and a language code."""


class ProfileMethods:
    """`menus` holds the commands by scope and language, `profile` the texts about the bot by name and language."""

    def __init__(self, state: State, *, privacy: bool) -> None:
        self.menus: dict[MenuKey, list[Json]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self._state = state
        self._privacy = privacy
        self.webhook = Webhook(state.updates)

    def table(self) -> dict[str, Callable[[Parameters], Any]]:
        texts: dict[str, Callable[[Parameters], Any]] = {}
        for name, method in (
            ("name", "Name"),
            ("description", "Description"),
            ("short_description", "ShortDescription"),
        ):
            texts[f"setMy{method}"] = self._setter(name)
            texts[f"getMy{method}"] = self._getter(name)
        return {
            "getMe": self.get_me,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
            "setMyCommands": self.set_my_commands,
            "getMyCommands": self.get_my_commands,
            "deleteMyCommands": self.delete_my_commands,
            "setChatMenuButton": lambda _: True,
            **texts,
        }

    def get_me(self, _: Parameters) -> Json:
        rights = {"can_join_groups": True, "can_read_all_group_messages": not self._privacy}
        return {**self._state.bot.as_json(), **rights, "supports_inline_queries": False}

    def set_webhook(self, parameters: Parameters) -> bool:
        updates = self._state.updates
        self.webhook.set(
            str(parameters.get("url") or ""),
            str(parameters.get("secret_token") or ""),
            int(parameters.get("max_connections") or USUAL_CONNECTIONS),
        )
        updates.allow(parameters.get("allowed_updates"))
        if updates.webhook:
            updates.interrupt("terminated by setWebhook request")
        return self._drop_if_asked(parameters)

    def delete_webhook(self, parameters: Parameters) -> bool:
        self.webhook.set("", "", USUAL_CONNECTIONS)
        return self._drop_if_asked(parameters)

    def get_webhook_info(self, _: Parameters) -> Json:
        updates = self._state.updates
        facts: Json = {
            "url": updates.webhook,
            "has_custom_certificate": False,
            "pending_update_count": updates.pending,
            **self.webhook.info(),
        }
        return {**facts, "allowed_updates": sorted(updates.allowed)} if updates.allowed else facts

    def set_my_commands(self, parameters: Parameters) -> bool:
        commands = parameters.get("commands") or []
        if len(commands) > MOST_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command.get("command", "")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command.get("description", "").strip()) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.menus[self._menu_key(parameters)] = commands
        return True

    def get_my_commands(self, parameters: Parameters) -> list[Json]:
        return self.menus.get(self._menu_key(parameters), [])

    def delete_my_commands(self, parameters: Parameters) -> bool:
        self.menus.pop(self._menu_key(parameters), None)
        return True

    def menu(self, scope: str = "default", language: str = "") -> dict[str, str]:
        """A menu as people see it: descriptions by command."""
        commands = self.menus.get((_scope_key({"type": scope}), language), [])
        return {command["command"]: command["description"] for command in commands}

    def _menu_key(self, parameters: Parameters) -> MenuKey:
        scope = parameters.get("scope") or {"type": "default"}
        if scope.get("type") not in SCOPES:
            raise bad_request("can't parse BotCommandScope: Unsupported type specified")
        if "chat_id" in scope and int(scope["chat_id"]) not in self._state.chats:
            raise bad_request("chat not found")
        return _scope_key(scope), str(parameters.get("language_code") or "")

    def _drop_if_asked(self, parameters: Parameters) -> bool:
        if parameters.get("drop_pending_updates"):
            self._state.updates.drop_pending()
        return True

    def _setter(self, name: str) -> Callable[[Parameters], bool]:
        def set_text(parameters: Parameters) -> bool:
            text = str(parameters.get(name) or "")
            if len(text) > LONGEST[name]:
                raise bad_request(f"bot {name.replace('_', ' ')} is too long")
            self.profile[name, str(parameters.get("language_code") or "")] = text
            return True

        return set_text

    def _getter(self, name: str) -> Callable[[Parameters], Json]:
        def get_text(parameters: Parameters) -> Json:
            return {name: self.profile.get((name, str(parameters.get("language_code") or "")), "")}

        return get_text


def _scope_key(scope: Json) -> str:
    return json.dumps(scope, sort_keys=True)
