"""Writing to standard output, below Python's buffer."""

from __future__ import annotations

import os
from typing import TextIO


class Output:
    """Text that a closed pipe refused stays nowhere, so that Python does not try it again when it exits.

    `unicode`: whether more than a few letters can be written; the rest becomes question marks.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._descriptor = stream.fileno()
        self._encoding = stream.encoding
        self.unicode = stream.encoding.lower().startswith("utf")

    def write(self, text: str) -> None:
        """Raises OSError when nobody can read it any more."""
        data = text.encode(self._encoding, "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]
