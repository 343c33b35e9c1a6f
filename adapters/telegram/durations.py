"""Spans of time as python-telegram-bot hands them out: numbers, or timedeltas where PTB_TIMEDELTA is set."""

from __future__ import annotations

from datetime import timedelta
from typing import overload


@overload
def seconds(value: float | timedelta) -> float: ...
@overload
def seconds(value: None) -> None: ...
def seconds(value: float | timedelta | None) -> float | None:
    """The span in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value
