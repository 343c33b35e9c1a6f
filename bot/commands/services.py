"""What command handlers may use."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Store


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
