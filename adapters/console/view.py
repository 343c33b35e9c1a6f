"""What a channel needs of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.console.drawing import Pixel
from bot.domain.platform import Outgoing


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a message: a line about it, and its pixels if it is to be drawn (rows from top to bottom)."""

    note: str
    rows: Sequence[Sequence[Pixel]] = field(default=(), repr=False)


class View(Protocol):
    """Shows messages. Writing raises OSError when nobody can see them any more."""

    @property
    def canvas(self) -> tuple[int, int] | None:
        """How many columns and rows a picture may take; None where none is drawn."""
        ...

    def wait(self) -> None:
        """An answer is on its way."""
        ...

    def settle(self) -> None:
        """The answer is complete."""
        ...

    def show(self, message_id: str, message: Outgoing, *, running: bool, files: Sequence[Kept] = ()) -> None:
        """Make a message look like this; `running`: more of it will come. `files` are those that are new."""
        ...

    def close(self) -> None:
        """Show whatever is still owed and leave the screen in order."""
        ...
