"""Log lines for people on a terminal, or JSON for machines. Modules log through the standard library."""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog

LogFormat = Literal["console", "json"]

LEVELS = {
    # These log every request at INFO; some of their lines carry a URL with the bot's token.
    **dict.fromkeys(("httpx", "httpx2", "httpcore", "httpcore2", "openai", "hpack"), logging.WARNING),
    **dict.fromkeys(("alembic", "aiosqlite"), logging.WARNING),
    # Whole gateway events, which hold what people wrote, and webhook addresses with their tokens, at DEBUG.
    "discord": logging.INFO,
    # Tracebacks for what the adapters log in a line and mend: lost connections, answers that are not JSON.
    **dict.fromkeys(("discord.client", "telegram.request"), logging.CRITICAL),
}
"""Libraries that say too much: nothing below these levels is logged, whatever LOG_LEVEL says."""


def configure(level: str, log_format: LogFormat | None) -> None:
    """Send every log line to standard error; the format is chosen by whether that is a terminal, if none is given."""
    console = (log_format or ("console" if sys.stderr.isatty() else "json")) == "console"
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
    ]
    final: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        final.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    else:
        final += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=final, foreign_pre_chain=before))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(max(least, root.level))
