"""Searches all that a bot puts out, in every test and over the whole session, for every secret that it was given.

That is: formatted log lines of all levels, what processes write, all that is stored, what providers are asked and
people are shown, and what is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bot.telemetry.redaction import SHORTEST, forms_of


class Search:
    """Output is searched when it comes in, for the secrets that are known then; what is kept in `folder` is searched
    again in the end, for those that were used later."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "searched"
        self._forms: set[str] = set()
        self._leaks: list[str] = []
        self.characters: Counter[str] = Counter()

    def know(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                self._forms.update(forms_of(secret))

    def take(self, source: str, output: str | bytes) -> None:
        text = output if isinstance(output, str) else output.decode(errors="replace")
        self.characters[source] += len(text)
        self._look(source, text)
        if source in ("log", "process", "metrics"):
            with self._kept.open("a", encoding="utf-8", errors="replace") as kept:
                kept.write(f"{text}\n")

    def take_folder(self, source: str, folder: Path) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.take(source, path.read_bytes())

    def leaks(self) -> list[str]:
        """What was found since the last time: where, and around which words."""
        found, self._leaks = self._leaks, []
        return found

    def finish(self) -> list[str]:
        """What is found in all that was kept."""
        if self._kept.exists():
            with self._kept.open(encoding="utf-8") as kept:
                for line in kept:
                    self._look("the whole session", line)
        return self.leaks()

    def _look(self, source: str, text: str) -> None:
        for form in self._forms:
            if form in text:
                at = text.index(form)
                self._leaks.append(f"{source}: {text[max(0, at - 200) : at + len(form) + 60]!r}")
