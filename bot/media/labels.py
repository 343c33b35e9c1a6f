"""Numbers beside the axes of a chart, where there is little room."""

from __future__ import annotations


def short(count: float) -> str:
    """A number in the unit that fits: `950`, `12.5k`, `3M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.3g}"


def dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.2g}"
