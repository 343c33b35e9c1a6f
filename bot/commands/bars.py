"""A bar chart in characters, for a fixed-width font. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def bars(heights: Sequence[int], rows: int) -> list[str]:
    """Lines from the top down, two characters for each bar; the highest fills them all, what is there shows."""
    top = max(heights, default=0)
    if top <= 0:
        return []
    eighths = [0 if height <= 0 else max(1, height * rows * 8 // top) for height in heights]
    return [
        "".join(_EIGHTHS[min(8, max(0, each - row * 8))] + " " for each in eighths).rstrip()
        for row in reversed(range(rows))
    ]
