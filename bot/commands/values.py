"""One option's value: read from text, or given typed by the platform, and checked against the declaration."""

from __future__ import annotations

import sys
from difflib import get_close_matches

from bot.commands.spec import Option, OptionType
from bot.domain.messages import OptionValue
from bot.errors import UsageError
from bot.replies import notices
from bot.replies.notices import Notice, code

_BOOLEANS = {"on": True, "yes": True, "true": True, "1": True, "off": False, "no": False, "false": False, "0": False}

_EXPECTED: dict[OptionType, Notice] = {
    "text": notices.NOT_TEXT,
    "file": notices.NOT_TEXT,
    "integer": notices.NOT_INTEGER,
    "number": notices.NOT_NUMBER,
    "boolean": notices.NOT_BOOLEAN,
}


def read(option: Option, text: str, usage: str, locale: str | None = None) -> OptionValue:
    """The value that this text stands for; raises UsageError. `usage` is shown with the error, as Markdown."""
    value: OptionValue = text
    try:
        match option.type:
            case "integer":
                value = int(text)
            case "number":
                value = float(text)
            case "boolean":
                value = _BOOLEANS.get(text.casefold(), text)
            case "text" | "file":
                pass
    except ValueError:
        pass  # the check below says what was expected instead
    return check(option, value, usage, locale)


def check(option: Option, value: OptionValue, usage: str, locale: str | None = None) -> OptionValue:
    """A typed value, if the option takes it; raises UsageError."""
    match option.type, value:
        case "boolean", bool():
            return value
        case "text", str():
            return _text(option, value, usage, locale)
        case _, bool() | str():
            pass
        case "integer", int():
            return _in_range(option, value, usage, locale)
        case "integer", float() if value.is_integer():
            return _in_range(option, int(value), usage, locale)
        case "number", int() | float() if abs(value) <= sys.float_info.max:
            return _in_range(option, float(value), usage, locale)
    raise _wrong(_EXPECTED[option.type], option, value, usage, locale)


def _text(option: Option, value: str, usage: str, locale: str | None) -> str:
    if option.required and not value.strip():
        raise UsageError(notices.MISSING_OPTION.say(locale, option=code(option.name), usage=usage))
    if not option.choices:
        return value
    wanted = value.strip().casefold()
    for choice in option.choices:
        if choice.casefold() == wanted:
            return choice
    close = get_close_matches(wanted, option.choices, n=1)
    choices = ", ".join(code(choice) for choice in close or option.choices)
    raise _wrong(notices.NOT_A_CHOICE, option, value, usage, locale, choices=choices)


def _in_range(option: Option, value: float, usage: str, locale: str | None) -> float:
    low, high = option.minimum, option.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return value
    if low is not None and high is not None:
        raise _wrong(notices.OUT_OF_RANGE, option, value, usage, locale, minimum=f"{low:g}", maximum=f"{high:g}")
    if low is not None:
        raise _wrong(notices.TOO_LOW, option, value, usage, locale, minimum=f"{low:g}")
    raise _wrong(notices.TOO_HIGH, option, value, usage, locale, maximum=f"{high:g}")


def _wrong(
    notice: Notice, option: Option, value: OptionValue, usage: str, locale: str | None, **more: str
) -> UsageError:
    typed = code(str(value), 40)
    return UsageError(notice.say(locale, option=code(option.name), typed=typed, usage=usage, **more))
