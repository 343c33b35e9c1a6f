"""Buttons that run a command."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.platform import Button

MOST_BUTTONS = 25
"""Discord's limit for one message: five rows of five."""

_LONGEST_DATA = 60
"""Bytes, as `Button` says."""


def run(lines: Iterable[tuple[str, str]]) -> tuple[Button, ...]:
    """One button for each (label, line of text); those whose line is too long for a button are left out."""
    return _fitting(Button(label, f"run {line}") for label, line in lines)[:MOST_BUTTONS]


def asking(label: str, line: str) -> tuple[Button, ...]:
    """A button that asks for words, with which the line goes on; none when the line is too long."""
    return _fitting([Button(label, f"ask {line}", asks=True)])


def _fitting(offered: Iterable[Button]) -> tuple[Button, ...]:
    return tuple(button for button in offered if len(button.data.encode()) <= _LONGEST_DATA)


def marked(label: str, in_use: bool) -> str:
    """The label of a choice, which shows whether it is the one in use."""
    return f"✓ {label}" if in_use else label
