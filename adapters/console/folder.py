"""Where the files that answers bring are put."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from adapters.console import words
from adapters.console.drawing import look
from adapters.console.view import Kept
from bot.domain.platform import OutgoingFile

_UNSAFE = re.compile(r"[^\w.-]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")
_LONGEST = 40
"""Characters of a name. In UTF-8 they take at most 160 of the 255 bytes that file systems allow."""


class Folder:
    """Made when the first file is saved; files are for their owner alone, and none is ever written over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[tuple[str, int, bytes]] = set()

    async def keep(self, message_id: str, files: Sequence[OutgoingFile], canvas: tuple[int, int] | None) -> list[Kept]:
        """Save those of a message's files that it did not have before, and tell how to show them."""
        if not files:
            return []
        return await asyncio.to_thread(self._keep, message_id, files, canvas)

    def _keep(self, message_id: str, files: Sequence[OutgoingFile], canvas: tuple[int, int] | None) -> list[Kept]:
        keys = [(message_id, at, hashlib.sha256(file.data).digest()) for at, file in enumerate(files)]
        new = [file for file, key in zip(files, keys, strict=True) if key not in self._known]
        self._known.update(keys)
        return [self._kept(file, canvas) for file in new]

    def _kept(self, file: OutgoingFile, canvas: tuple[int, int] | None) -> Kept:
        seen = look(file.data, canvas) if file.kind == "image" else None
        rows = seen.rows if seen else ()
        try:
            path = self._save(file.name, file.data)
        except OSError as error:
            return Kept(words.not_saved(file.kind, self._path, error.strerror or str(error)), rows)
        size = (seen.width, seen.height) if seen else None
        return Kept(words.saved(file.kind, path, size, file.duration), rows)

    def _save(self, name: str, data: bytes) -> Path:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, descriptor = self._create(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _create(self, name: str) -> tuple[Path, int]:
        """A new file whose name is safe and like this one, with its descriptor."""
        stem, suffix = _safe(name)
        for number in itertools.count(1):
            path = self._path / f"{stem}-{number}{suffix}"
            with contextlib.suppress(FileExistsError):
                return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        raise AssertionError("numbers do not end")


def _safe(name: str) -> tuple[str, str]:
    """The stem and the suffix of a name, of which nothing leads out of the folder, hides the file or is an option."""
    whole = Path(name)
    stem = _UNSAFE.sub("-", whole.stem)[:_LONGEST].strip(".-")
    return stem or "file", whole.suffix if _SUFFIX.fullmatch(whole.suffix) else ""
