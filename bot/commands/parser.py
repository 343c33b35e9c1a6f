"""From a line of chat text to a command and its values. Pure; whatever is wrong becomes a `UsageError` with a sentence.

`/persona use teacher` names a command and gives its options by position; `key=value` gives one by name. A value with
blanks goes in quotation marks. An option declared with `rest` takes all that is left of the line as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from bot.commands import registry, values
from bot.commands.scanner import OpenQuoteError, Scanner
from bot.commands.spec import Command, Option
from bot.domain.messages import Invocation, OptionValue
from bot.errors import UsageError
from bot.replies import notices
from bot.replies.notices import code


def parse(commands: Sequence[Command], line: str, locale: str | None = None) -> Invocation:
    """The command that a line such as `/ask why is the sky blue` calls; raises UsageError."""
    scanner = Scanner(line.strip().removeprefix("/"))
    path, command = _resolve(commands, scanner, locale)
    if command.ignores_words:
        return Invocation(path)
    return Invocation(path, _Reader(path, command, scanner, locale).read())


def validate(commands: Sequence[Command], invocation: Invocation, locale: str | None = None) -> Invocation:
    """An invocation that the platform took apart, checked against the declarations; raises UsageError."""
    command = registry.find(commands, invocation.path)
    if command is None or command.children:
        _unknown(commands, " ".join(invocation.path), locale)
    usage = code(registry.usage(invocation.path, command), 200)
    declared = {option.name: option for option in command.options}
    checked: dict[str, OptionValue] = {}
    for name, value in invocation.values.items():
        if name not in declared or declared[name].type == "file":
            said = notices.UNKNOWN_OPTION.say(locale, command=code("/" + command.name), option=code(name), usage=usage)
            raise UsageError(said)
        checked[name] = values.check(declared[name], value, usage, locale)
    _demand_required(command.options, checked, usage, locale)
    return Invocation(invocation.path, checked)


def going_on(commands: Sequence[Command], line: str, words: str) -> str | Invocation:
    """The call of a line that goes on with somebody's words. They are taken as they are, whatever they look like, where
    the command has an option for the rest of the line."""
    try:
        begun = parse(commands, line)
    except UsageError:
        return f"{line} {words}"
    command = registry.find(commands, begun.path)
    rest = next((option.name for option in command.options if option.rest), None) if command is not None else None
    if rest is None:
        return f"{line} {words}"
    said = f"{begun.values[rest]} {words}" if rest in begun.values else words
    return Invocation(begun.path, {**begun.values, rest: said})


def _resolve(commands: Sequence[Command], scanner: Scanner, locale: str | None) -> tuple[tuple[str, ...], Command]:
    """Read the command's name and, in groups, that of the child."""
    typed = scanner.name()
    command = registry.named(commands, typed.partition("@")[0])
    if command is None:
        _unknown(commands, typed, locale)
    path = [command.name]
    while command.children:
        typed = scanner.name()
        child = registry.named(command.children, typed or command.default_child or "")
        if child is None:
            _unknown_child(path, command, typed, locale)
        path.append(child.name)
        command = child
    return tuple(path), command


def _unknown(commands: Sequence[Command], typed: str, locale: str | None) -> NoReturn:
    names = [name for command in commands if not command.hidden for name in (command.name, *command.aliases)]
    close = get_close_matches(typed.casefold(), names, n=1)
    shown = code("/" + typed)
    if close:
        raise UsageError(notices.UNKNOWN_COMMAND_CLOSE.say(locale, typed=shown, closest=code("/" + close[0])))
    raise UsageError(notices.UNKNOWN_COMMAND.say(locale, typed=shown))


def _unknown_child(path: list[str], group: Command, typed: str, locale: str | None) -> NoReturn:
    names = [child.name for child in group.children]
    shown = code("/" + " ".join(path))
    choices = ", ".join(code(name) for name in names)
    if not typed:
        raise UsageError(notices.MISSING_SUBCOMMAND.say(locale, command=shown, choices=choices))
    close = get_close_matches(typed.casefold(), names, n=1)
    if close:
        closest = code("/" + " ".join((*path, close[0])))
        raise UsageError(
            notices.UNKNOWN_SUBCOMMAND_CLOSE.say(locale, command=shown, typed=code(typed), closest=closest)
        )
    raise UsageError(notices.UNKNOWN_SUBCOMMAND.say(locale, command=shown, typed=code(typed), choices=choices))


def _demand_required(options: Sequence[Option], given: dict[str, OptionValue], usage: str, locale: str | None) -> None:
    for option in options:
        if option.required and option.name not in given:
            raise UsageError(notices.MISSING_OPTION.say(locale, option=code(option.name), usage=usage))


class _Reader:
    """Reads one command's options off the line."""

    def __init__(self, path: tuple[str, ...], command: Command, scanner: Scanner, locale: str | None) -> None:
        self._options = [option for option in command.options if option.type != "file"]
        self._scanner = scanner
        self._locale = locale
        self._usage = code(registry.usage(path, command), 200)
        self._given: dict[str, OptionValue] = {}

    def read(self) -> dict[str, OptionValue]:
        try:
            while not self._scanner.at_end():
                self._read_one()
        except OpenQuoteError:
            raise UsageError(notices.OPEN_QUOTE.say(self._locale, usage=self._usage)) from None
        _demand_required(self._options, self._given, self._usage, self._locale)
        return self._given

    def _read_one(self) -> None:
        key = self._scanner.key([option.name for option in self._options])
        if key is not None:
            option = next(option for option in self._options if option.name == key)
            if key in self._given:
                raise UsageError(notices.REPEATED_OPTION.say(self._locale, option=code(key), usage=self._usage))
            quoted = self._scanner.at_quote()
            self._take(option, self._scanner.rest() if option.rest and not quoted else self._scanner.word())
            return
        free = next((option for option in self._options if option.name not in self._given), None)
        if free is None:
            typed = code(self._scanner.rest(), 40)
            raise UsageError(notices.TOO_MANY_WORDS.say(self._locale, typed=typed, usage=self._usage))
        if free.rest:
            self._take(free, self._scanner.rest())
            return
        word = self._scanner.word()
        self._take(self._meant(free, word), word)

    def _meant(self, free: Option, word: str) -> Option:
        """The next option; where its choices do not hold the word, the one whose choices do: others may be left out."""
        if free.required or not free.choices:
            return free
        left = [option for option in self._options if option.name not in self._given]
        takes = (option for option in left if word.casefold() in map(str.casefold, option.choices))
        return next(takes, free)

    def _take(self, option: Option, text: str) -> None:
        self._given[option.name] = values.read(option, text, self._usage, self._locale)
