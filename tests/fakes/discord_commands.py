"""Application commands: what the bot registers, and what a person's use of one looks like to the bot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_cdn import StoredFile
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_routes import NOTHING, Answer, Asked, Route

Json = dict[str, Any]
OptionValue = str | int | float | bool
Filled = OptionValue | StoredFile

GLOBAL = ""
"""The scope of commands that are registered everywhere; other scopes are a guild's id."""

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_CHAT_INPUT, _ON_MESSAGE = 1, 3
_ATTACHMENT = 11
_MOST = {_CHAT_INPUT: 100, 2: 15, _ON_MESSAGE: 15}
_SUBCOMMAND, _GROUP = 1, 2
_GUILD_INSTALL, _USER_INSTALL = 0, 1
_IN_GUILD, _IN_BOT_DM, _IN_PRIVATE = 0, 1, 2


@dataclass(slots=True)
class Commands:
    """`registered` holds the commands of each scope by id; `syncs` counts the calls that changed them."""

    application_id: str
    new_id: Callable[[], str]
    registered: dict[str, dict[str, Json]] = field(default_factory=dict)
    syncs: int = 0

    def routes(self) -> list[Route]:
        found = []
        for scope in ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands"):
            found += [
                Route("GET", scope, self.list_all),
                Route("PUT", scope, self.replace_all),
                Route("POST", scope, self.create),
                Route("PATCH", scope + "/{command}", self.change),
                Route("DELETE", scope + "/{command}", self.delete),
            ]
        return found

    def list_all(self, asked: Asked) -> Answer:
        return Answer(list(self._scope(asked).values()))

    def replace_all(self, asked: Asked) -> Answer:
        self.syncs += 1
        for number, command in enumerate(asked.body):
            _check(command, str(number))
        _check_numbers(asked.body)
        old = {(command.get("type", 1), command["name"]): command["id"] for command in self._scope(asked).values()}
        kept = [self._stored(asked, command, old) for command in asked.body]
        self._scope(asked).clear()
        self._scope(asked).update({command["id"]: command for command in kept})
        return Answer(kept)

    def create(self, asked: Asked) -> Answer:
        self.syncs += 1
        _check(asked.body, "command")
        command = self._stored(asked, asked.body, {})
        self._scope(asked)[command["id"]] = command
        return Answer(command, 201)

    def change(self, asked: Asked) -> Answer:
        self.syncs += 1
        command = self._command(asked)
        command |= asked.body
        return Answer(command)

    def delete(self, asked: Asked) -> Answer:
        self.syncs += 1
        del self._scope(asked)[self._command(asked)["id"]]
        return NOTHING

    def invocation(
        self,
        path: str | tuple[str, ...],
        values: Mapping[str, Filled],
        guild_id: str | None,
        *,
        user_install: bool = False,
        focused: str | None = None,
    ) -> Json:
        """The `data` of an interaction: the path nested as Discord nests it, each value with its declared type.

        People can only use what is registered and must fill in what is required, so anything else fails the test.
        """
        names = tuple(path.split()) if isinstance(path, str) else path
        known = self._known(_CHAT_INPUT, guild_id)
        assert names[0] in known, f"/{names[0]} is not registered, only {sorted(known)}"
        command = known[names[0]]
        _check_offered(command, guild_id, user_install=user_install)
        options = _nested(command, names[1:], dict(values), focused)
        return {"id": command["id"], "name": command["name"], "type": _CHAT_INPUT, "options": options}

    def on_message(self, name: str, message_id: str, guild_id: str | None, *, user_install: bool = False) -> Json:
        """The `data` of a use of a message's menu, still without the message."""
        known = self._known(_ON_MESSAGE, guild_id)
        assert name in known, f"the menu has no {name!r}, only {sorted(known)}"
        _check_offered(known[name], guild_id, user_install=user_install)
        return {"id": known[name]["id"], "name": name, "type": _ON_MESSAGE, "target_id": message_id}

    def _known(self, kind: int, guild_id: str | None) -> dict[str, Json]:
        scopes = [self.registered.get(GLOBAL, {}), self.registered.get(guild_id or GLOBAL, {})]
        found = [command for scope in scopes for command in scope.values()]
        return {command["name"]: command for command in found if command["type"] == kind}

    def _scope(self, asked: Asked) -> dict[str, Json]:
        if asked.path["application"] != self.application_id:
            raise refusal(50001)
        return self.registered.setdefault(asked.path.get("guild", GLOBAL), {})

    def _command(self, asked: Asked) -> Json:
        command = self._scope(asked).get(asked.path["command"])
        if command is None:
            raise refusal(10063)
        return command

    def _stored(self, asked: Asked, command: Json, old: Mapping[tuple[int, str], str]) -> Json:
        """The command with what Discord adds; one of the same name keeps its id."""
        kind = command.get("type", _CHAT_INPUT)
        given: Json = {"type": kind, "description": "", "options": []} | command
        own = {"id": old.get((kind, command["name"])) or self.new_id(), "application_id": self.application_id}
        scope = {"guild_id": asked.path["guild"]} if "guild" in asked.path else {}
        return given | own | scope | {"version": self.new_id()}


def _check_offered(command: Json, guild_id: str | None, *, user_install: bool) -> None:
    """People see a command only where its contexts and kinds of installation say."""
    installs, contexts = command.get("integration_types") or [_GUILD_INSTALL], command.get("contexts")
    assert (_USER_INSTALL if user_install else _GUILD_INSTALL) in installs, f"not for this installation: {installs}"
    context = _IN_GUILD if guild_id is not None else _IN_PRIVATE if user_install else _IN_BOT_DM
    assert contexts is None or context in contexts, f"not in this context: {context} is not in {contexts}"


def _nested(declared: Json, names: tuple[str, ...], values: dict[str, Filled], focused: str | None) -> list[Json]:
    options = {option["name"]: option for option in declared.get("options", [])}
    if names:
        assert names[0] in options, f"{declared['name']} has no {names[0]!r}, only {sorted(options)}"
        inner = options[names[0]]
        return [{"name": names[0], "type": inner["type"], "options": _nested(inner, names[1:], values, focused)}]
    assert not any(option["type"] in (_SUBCOMMAND, _GROUP) for option in options.values()), "choose a subcommand"
    assert values.keys() <= options.keys(), f"no option {sorted(values.keys() - options.keys())}"
    missing = [name for name, option in options.items() if option.get("required") and name not in values]
    assert focused is not None or not missing, f"required: {missing}"
    return [_filled(options[name], value, focused) for name, value in values.items()]


def _filled(option: Json, value: Filled, focused: str | None) -> Json:
    assert isinstance(value, StoredFile) == (option["type"] == _ATTACHMENT), f"{option['name']} does not take {value!r}"
    if isinstance(value, StoredFile):
        return {"name": option["name"], "type": _ATTACHMENT, "value": value.id}
    if option["name"] == focused:
        assert option.get("autocomplete"), f"{focused!r} does not complete"
        return {"name": focused, "type": option["type"], "value": value, "focused": True}
    choices = [choice["value"] for choice in option.get("choices", [])]
    assert not choices or value in choices, f"{value!r} is not one of {choices}"
    return {"name": option["name"], "type": option["type"], "value": value}


def _check(command: Json, path: str) -> None:
    """Discord's documentation, "Application Command Structure" and "Application Command Option Structure"."""
    if command.get("type", _CHAT_INPUT) != _CHAT_INPUT:
        _check_menu(command, path)
        return
    _check_named(command, path)
    options = command.get("options") or []
    if len(options) > 25:
        raise invalid_form(f"{path}.options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    needed = [bool(option.get("required")) for option in options]
    if needed != sorted(needed, reverse=True):
        raise invalid_form(
            f"{path}.options",
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
            "Required options must be placed before non-required options",
        )
    for number, option in enumerate(options):
        _check(option | {"type": _CHAT_INPUT}, f"{path}.options.{number}")
        if len(option.get("choices") or []) > 25:
            raise invalid_form(
                f"{path}.options.{number}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
            )


def _check_numbers(commands: list[Json]) -> None:
    for kind, most in _MOST.items():
        if sum(command.get("type", _CHAT_INPUT) == kind for command in commands) > most:
            message = f"Maximum number of commands reached ({most})"
            raise invalid_form("_errors", "APPLICATION_COMMANDS_TOO_MANY", message)


def _check_menu(command: Json, path: str) -> None:
    """Commands in menus have a name, which may have spaces and capitals, and nothing else."""
    if not 1 <= len(command.get("name") or "") <= 32:
        raise invalid_form(f"{path}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
    for name in ("description", "options"):
        if command.get(name):
            code = "APPLICATION_COMMAND_CONTEXT_MENU_NO_" + name.upper()
            raise invalid_form(f"{path}.{name}", code, f"Context menu commands cannot have {name}")


def _check_named(command: Json, path: str) -> None:
    name = command.get("name") or ""
    if not _NAME.match(name) or name != name.lower():
        raise invalid_form(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not 1 <= len(command.get("description") or "") <= 100:
        raise invalid_form(f"{path}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
