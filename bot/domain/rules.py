"""What admins decide about people and places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Effect = Literal["allow", "deny", "admin"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`subject` is `platform:id` of a person, a chat, or on Discord a role, channel or server. `by` is the handle of
    whoever decided."""

    subject: str
    effect: Effect
    by: str
    at: datetime
