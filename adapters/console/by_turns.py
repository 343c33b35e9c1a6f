"""Answers that are written at the same time, as for /compare, come one after the other: what has moved up stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.console.view import Kept, View
from bot.domain.platform import Outgoing


@dataclass(frozen=True, slots=True)
class _Held:
    message: Outgoing
    running: bool
    files: Sequence[Kept]


class ByTurns:
    """A view on which one answer grows at a time; others wait, and what is there of them comes at once then.

    Pictures do not wait: they are shown where they are made, in the middle of an answer.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._growing: str | None = None
        self._held: dict[str, _Held] = {}

    @property
    def canvas(self) -> tuple[int, int] | None:
        return self._view.canvas

    def wait(self) -> None:
        self._view.wait()

    def settle(self) -> None:
        self._view.settle()

    def show(self, message_id: str, message: Outgoing, *, running: bool, files: Sequence[Kept] = ()) -> None:
        begins = running and not files
        if message_id in self._held or (begins and self._growing not in (None, message_id)):
            self._held[message_id] = _Held(message, running, files)
            return
        self._view.show(message_id, message, running=running, files=files)
        if begins:
            self._growing = message_id
        elif message_id == self._growing:
            self._growing = None
            self._go_on()

    def close(self) -> None:
        while self._held:
            self._growing = None
            self._go_on()
        self._view.close()

    def _go_on(self) -> None:
        while self._growing is None and self._held:
            message_id = next(iter(self._held))
            held = self._held.pop(message_id)
            self._view.show(message_id, held.message, running=held.running, files=held.files)
            if held.running:
                self._growing = message_id
