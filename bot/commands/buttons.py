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
    buttons = (Button(label, f"run {line}") for label, line in lines)
    return tuple(button for button in buttons if len(button.data.encode()) <= _LONGEST_DATA)[:MOST_BUTTONS]
