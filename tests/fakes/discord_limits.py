"""How often Discord lets a bot call, as data, and the counting of it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from hashlib import md5
from typing import Literal

Group = Literal["create", "edit", "delete", "typing", "webhook"]


@dataclass(frozen=True, slots=True)
class Rate:
    """`calls` calls in a window of `seconds` that starts with the first of them."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rules:
    """Discord's limits; lengths in characters, times in seconds.

    Sources: Discord's documentation ("Rate Limits": 50 requests a second for each bot, interaction endpoints exempt,
    10,000 invalid requests in ten minutes; "Message": 2,000 characters, a nonce of 25; "Interactions": three seconds
    for the first response, a token of 15 minutes, five follow-ups for an app that only the user installed;
    "Uploading Files" and "Create Message": 10 MiB a file, 25 MiB a request, ten files a message; sizes in bytes). The
    numbers for single routes are not documented: Discord announces them in headers, and 5 in 5 s is what the
    headers of message creation, message edits, typing and webhooks have said for years; 5 in 1 s those of deletion.
    """

    create: Rate = Rate(5, 5.0)
    edit: Rate = Rate(5, 5.0)
    delete: Rate = Rate(5, 1.0)
    typing: Rate = Rate(5, 5.0)
    webhook: Rate = Rate(5, 5.0)
    overall: Rate = Rate(50, 1.0)
    invalid_window: float = 600.0
    content: int = 2000
    nonce: int = 25
    nonce_life: float = 180.0
    respond_within: float = 3.0
    token_life: float = 900.0
    user_install_followups: int = 5
    upload: int = 10 * 1024 * 1024
    request: int = 25 * 1024 * 1024
    files: int = 10
    heartbeat: float = 41.25
    trims: bool = True

    def rate(self, group: Group) -> Rate:
        rates: dict[Group, Rate] = {
            "create": self.create,
            "edit": self.edit,
            "delete": self.delete,
            "typing": self.typing,
            "webhook": self.webhook,
        }
        return rates[group]


@dataclass(slots=True)
class Window:
    """One count: opened by its first call, started anew once it is over."""

    rate: Rate
    ends: float = -math.inf
    used: int = 0

    def take(self, now: float) -> bool:
        if now >= self.ends:
            self.ends, self.used = now + self.rate.seconds, 0
        if self.used >= self.rate.calls:
            return False
        self.used += 1
        return True

    def block(self, until: float) -> None:
        self.ends, self.used = until, self.rate.calls

    def headers(self, now: float, bucket: str, epoch: float) -> dict[str, str]:
        """`epoch` is the wall clock at `now`, which X-RateLimit-Reset counts in."""
        left = max(0.0, self.ends - now)
        return {
            "X-RateLimit-Limit": str(self.rate.calls),
            "X-RateLimit-Remaining": str(self.rate.calls - self.used),
            "X-RateLimit-Reset": f"{epoch + left:.3f}",
            "X-RateLimit-Reset-After": f"{_up(left):.3f}",
            "X-RateLimit-Bucket": bucket,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass; if not, after how many seconds it may. `headers` belong on its answer."""

    allowed: bool
    headers: dict[str, str]
    retry_after: float = 0.0
    everywhere: bool = False


@dataclass(slots=True)
class Limiter:
    """All the counts of one bot."""

    rules: Rules
    _windows: dict[tuple[Group, str], Window] = field(default_factory=dict)
    _overall: Window = field(init=False)
    _invalid: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._overall = Window(self.rules.overall)

    def take(self, group: Group | None, place: str, now: float, epoch: float, *, exempt: bool) -> Verdict:
        """Count one call. `place` is what the group counts by; `exempt` calls are outside the overall limit."""
        if not exempt and not self._overall.take(now):
            return Verdict(False, {"X-RateLimit-Global": "true"}, _up(self._overall.ends - now), everywhere=True)
        if group is None:
            return Verdict(True, {})
        window = self._window(group, place)
        allowed = window.take(now)
        headers = window.headers(now, bucket_hash(group), epoch)
        return Verdict(allowed, headers, 0.0 if allowed else _up(window.ends - now))

    def block(self, group: Group, place: str, until: float) -> None:
        """Refuse every call there until then, as after a flood that a test scripted."""
        self._window(group, place).block(until)

    def invalid(self, now: float) -> None:
        """Count an answer with status 401, 403 or 429."""
        self._invalid.append(now)

    def invalid_requests(self, now: float) -> int:
        """Those of the last ten minutes; Discord bans the address at 10,000."""
        while self._invalid and self._invalid[0] <= now - self.rules.invalid_window:
            self._invalid.popleft()
        return len(self._invalid)

    def _window(self, group: Group, place: str) -> Window:
        return self._windows.setdefault((group, place), Window(self.rules.rate(group)))


def bucket_hash(group: Group) -> str:
    """An opaque name such as Discord's, the same for every channel."""
    return md5(group.encode(), usedforsecurity=False).hexdigest()


def _up(seconds: float) -> float:
    """Rounded up to the millisecond, so that whoever waits this long is never early."""
    return math.ceil(seconds * 1000) / 1000
