"""Days and calendar months (UTC), over which budgets run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from bot.domain.usage import Period

_LONGEST_MONTH = timedelta(days=31)


def first_day(period: Period, now: datetime) -> date:
    """The day on which the running period began."""
    today = now.astimezone(UTC).date()
    return today.replace(day=1) if period == "month" else today


def seconds_left(period: Period, now: datetime) -> float:
    """Until the next period begins."""
    first = first_day(period, now)
    following = first + timedelta(days=1) if period == "day" else (first + _LONGEST_MONTH).replace(day=1)
    return (datetime.combine(following, time(), UTC) - now).total_seconds()
