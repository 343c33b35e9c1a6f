"""What a channel needs of the screen."""

from __future__ import annotations

from typing import Protocol

from bot.domain.platform import Outgoing


class View(Protocol):
    """Shows messages. Writing raises OSError when nobody can see them any more."""

    def wait(self) -> None:
        """An answer is on its way."""
        ...

    def settle(self) -> None:
        """The answer is complete."""
        ...

    def knows(self, message_id: str) -> bool:
        """Whether this message was shown here."""
        ...

    def show(self, message_id: str, message: Outgoing, *, running: bool) -> None:
        """Make a message look like this; `running`: more of it will come."""
        ...

    def close(self) -> None:
        """Show whatever is still owed and leave the screen in order."""
        ...
