"""What can be done with an answer: its buttons."""

from __future__ import annotations

from bot.domain.platform import Button
from bot.replies import notices


def answer_buttons(
    turn: int,
    locale: str | None,
    *,
    number: int = 1,
    count: int = 1,
    cut: bool = False,
    reasoning: bool = False,
) -> tuple[Button, ...]:
    """The buttons of version `number` of `count`. `cut`: the length limit ended it; `reasoning`: there is some to see.

    A button that leads to another version carries that version's number in its label.
    """
    buttons = [Button(notices.CONTINUE.say(locale), f"continue {turn}")] if cut else []
    buttons.append(Button(notices.RETRY.say(locale), f"retry {turn}"))
    if number > 1:
        buttons.append(Button(f"‹ {number - 1}", f"show {turn} {number - 1}"))
    if number < count:
        buttons.append(Button(f"{number + 1} ›", f"show {turn} {number + 1}"))
    if reasoning:
        buttons.append(Button(notices.REASONING.say(locale), f"think {turn}"))
    return tuple(buttons)


def stop_button(turn: int, locale: str | None) -> Button:
    return Button(notices.STOP.say(locale), f"stop {turn}")


def pick_button(turn: int, locale: str | None) -> Button:
    """For one of several answers that stand side by side."""
    return Button(notices.PICK.say(locale), f"pick {turn}")
