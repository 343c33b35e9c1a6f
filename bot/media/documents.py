"""What a document says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a file, from its beginning. `pages` is None where there are none.

    `left_out` is how many characters of what was read are missing at the end, `pages_left_out` how many pages were not
    read at all, so that nobody knows how long they are.
    """

    text: str = field(repr=False)
    pages: int | None = None
    left_out: int = 0
    pages_left_out: int = 0
