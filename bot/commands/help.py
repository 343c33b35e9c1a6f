"""`/help` and `/start`, made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from bot.commands import buttons, registry
from bot.commands.spec import Call, Command, Context, Option, Reply, Section
from bot.replies import notices
from bot.replies.notices import Notice, code

_SECTIONS: dict[Section, Notice] = {
    "talk": notices.SECTION_TALK,
    "persona": notices.SECTION_PERSONA,
    "model": notices.SECTION_MODEL,
    "media": notices.SECTION_MEDIA,
    "data": notices.SECTION_DATA,
    "admin": notices.SECTION_ADMIN,
}

_MOST_SUGGESTIONS = 25
"""Discord's limit for autocomplete."""


def _visible(call: Call | Context) -> tuple[Command, ...]:
    """What this person may see."""
    admin = call.services.access.is_admin(call.person)
    return tuple(each for each in call.commands if not each.hidden and (admin or not each.admins_only))


async def _help(call: Call) -> Reply:
    asked = (call.text("command") or "").casefold().replace("/", " ").split()
    commands = _visible(call)
    if not asked:
        return Reply(_overview(commands, call.person.locale), private=True)
    command = registry.find(commands, asked)
    if command is None:
        return _unknown(commands, " ".join(asked), call.person.locale)
    return Reply("\n".join(_page(_path(commands, asked), command, call.person.locale)), private=True)


def _overview(commands: Sequence[Command], locale: str | None) -> str:
    parts = [notices.HELP_TITLE.say(locale)]
    for section, title in _SECTIONS.items():
        lines = [_entry(command, locale) for command in commands if command.section == section]
        if lines:
            parts.append("\n".join([f"**{title.say(locale)}**", *lines]))
    parts.append(notices.HELP_MORE.say(locale, command=code("/help persona")))
    return "\n\n".join(parts)


def _entry(command: Command, locale: str | None) -> str:
    line = f"- {code(registry.usage([command.name], command), 120)} – {command.summary}"
    if not command.example:
        return line
    return f"{line}, {notices.HELP_EXAMPLE.say(locale, example=code(command.example))}"


def _page(path: tuple[str, ...], command: Command, locale: str | None) -> Iterator[str]:
    """All about one command."""
    yield f"**/{' '.join(path)}** – {command.summary}"
    if command.details:
        yield command.details
    yield ""
    if command.children:
        for leaf_path, leaf in registry.flatten(command.children, path):
            yield f"- {code(registry.usage(leaf_path, leaf), 200)} – {leaf.summary}"
    else:
        yield code(registry.usage(path, command), 200)
        for option in (each for each in command.options if each.type != "file"):
            yield f"- {code(option.name)} – {_about(option, locale)}"
    if command.example:
        yield ""
        yield notices.HELP_EXAMPLES.say(locale, example=code(command.example, 200))


def _about(option: Option, locale: str | None) -> str:
    said = option.description
    if option.choices:
        choices = ", ".join(code(choice) for choice in option.choices)
        said = f"{said}: {notices.HELP_ONE_OF.say(locale, choices=choices)}"
    return said if option.required else f"{said} ({notices.HELP_OPTIONAL.say(locale)})"


def _path(commands: Sequence[Command], names: Sequence[str]) -> tuple[str, ...]:
    """The declared names of a path that may have been typed with aliases."""
    path: list[str] = []
    for name in names:
        command = registry.named(commands, name)
        if command is None:
            break
        path.append(command.name)
        commands = command.children
    return tuple(path)


def _unknown(commands: Sequence[Command], asked: str, locale: str | None) -> Reply:
    names = [" ".join(path) for path, _ in registry.flatten(commands)] + [command.name for command in commands]
    close = get_close_matches(asked, names, n=1)
    typed = code(f"/{asked}")
    if not close:
        return Reply(notices.UNKNOWN_COMMAND.say(locale, typed=typed), private=True)
    said = notices.UNKNOWN_COMMAND_CLOSE.say(locale, typed=typed, closest=code(f"/{close[0]}"))
    return Reply(said, buttons.run([(f"/help {close[0]}", f"/help {close[0]}")]), private=True)


async def _complete(context: Context, typed: str) -> Sequence[str]:
    wanted = typed.strip().removeprefix("/").casefold()
    commands = _visible(context)
    names = {command.name for command in commands} | {" ".join(path) for path, _ in registry.flatten(commands)}
    return sorted(name for name in names if wanted in name)[:_MOST_SUGGESTIONS]


async def _start(call: Call) -> Reply:
    locale = call.person.locale
    persona, model = await call.services.talk.setup(call.chat, call.person)
    lines = [
        notices.GREETING.say(locale, name=call.person.name),
        notices.GREETING_SETUP.say(locale, persona=f"**{persona.name}**", model=code(model)),
        notices.GREETING_MORE.say(locale),
    ]
    if call.chat.kind == "group":
        lines.insert(1, notices.GREETING_GROUP.say(locale))
    choices = [(notices.HELP.say(locale), "/help"), (notices.PERSONAS.say(locale), "/persona use")]
    return Reply("\n".join(lines), buttons.run(choices))


HELP = Command(
    "help",
    "What I can do, or all about one command",
    "talk",
    handler=_help,
    options=(Option("command", "The command you want to know about", rest=True, complete=_complete),),
    in_order=False,
    example="/help persona",
)

START = Command(
    "start",
    "Say hello",
    "talk",
    handler=_start,
    in_order=False,
    ignores_words=True,
)
