"""What the console itself says."""

from __future__ import annotations

from pathlib import Path

from bot.domain.platform import FileKind

WELCOME = "Parley. Write a message, /help, or @file. Ctrl-C stops an answer, Ctrl-D ends."

STOPS = "Ctrl-C stops"

RETRY = "/retry to answer again"

_NAMES: dict[FileKind, str] = {"image": "picture", "voice": "voice", "audio": "recording", "document": "file"}


def saved(kind: FileKind, path: Path, size: tuple[int, int] | None, duration: float | None) -> str:
    """`size` is in pixels, `duration` in seconds."""
    facts = [str(path)]
    if size is not None:
        facts.append(f"{size[0]} × {size[1]}")
    if duration is not None:
        facts.append(f"{duration:.1f} s")
    return f"[{_NAMES[kind]} saved: {', '.join(facts)}]"


def not_saved(kind: FileKind, folder: Path, problem: str) -> str:
    return f"[{_NAMES[kind]} not saved: {folder}: {problem}]"
