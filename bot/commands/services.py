"""What command handlers may use."""

from __future__ import annotations
