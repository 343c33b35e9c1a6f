"""What the buttons under the bot's messages carry, and what each does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.conversation.talk import Made, Talking
from bot.domain.messages import ButtonPress
from bot.ports import Channel

RUN, ASK = "run ", "ask "
"""Behind these stands the line of a command; with the second one it goes on with words that the person is asked for."""


@dataclass(frozen=True, slots=True)
class Press:
    """`change 17 PICTURE`: what is to be done, the turn with which, and what else the button names."""

    action: str
    turn: int
    mark: str = ""

    @property
    def number(self) -> int:
        """The mark as a number, 0 where it is none."""
        return int(self.mark) if self.mark.isascii() and self.mark.isdecimal() else 0


Act = Callable[[Talking, ButtonPress, Press, Channel], Awaitable[None]]

ACTS: Mapping[str, Act] = {
    "retry": lambda talking, event, press, channel: talking.again(event, press.turn, channel),
    "continue": lambda talking, event, press, channel: talking.go_on(event, press.turn, channel),
    "show": lambda talking, event, press, channel: talking.show(event, press.turn, press.number, channel),
    "pick": lambda talking, event, press, channel: talking.pick(event, press.turn, channel),
    "think": lambda talking, event, press, channel: talking.think(event, press.turn, channel),
    "change": lambda talking, event, press, channel: talking.change(event, Made(press.turn, press.mark), channel),
    "larger": lambda talking, event, press, channel: talking.larger(event, Made(press.turn, press.mark), channel),
}
"""What is done in its turn; `stop` does not wait."""

ASKING = frozenset({"retry", "continue", "change", "larger"})
"""What calls a model."""


def read(data: str) -> Press | None:
    """What a button's data means; None where it means nothing (it can come back years later, or forged)."""
    action, turn, mark, *_ = (*data.split(" "), "", "")
    if not (turn.isascii() and turn.isdecimal() and len(turn) < 19) or action not in ("stop", *ACTS):
        return None
    return Press(action, int(turn), mark)
