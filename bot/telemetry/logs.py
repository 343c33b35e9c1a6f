"""Log lines for people on a terminal, or JSON for machines. Modules log through the standard library.

What a line is about goes into `extra`, where numbers stay numbers. Every line passes the redactor, whoever wrote it and
whatever is in it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal, TextIO

import structlog

from bot.telemetry.escaping import indented, one_line
from bot.telemetry.redaction import Redactor

LogFormat = Literal["console", "json"]

LEVELS = {
    # These log every request at INFO; some of their lines carry a URL with the bot's token.
    **dict.fromkeys(("httpx", "httpx2", "httpcore", "httpcore2", "openai", "hpack"), logging.WARNING),
    **dict.fromkeys(("alembic", "aiosqlite", "markdown_it"), logging.WARNING),
    # Whole gateway events, which hold what people wrote, and webhook addresses with their tokens, at DEBUG.
    "discord": logging.INFO,
    # Tracebacks for what the adapters log in a line and mend: lost connections, answers that are not JSON.
    **dict.fromkeys(("discord.client", "telegram.request"), logging.CRITICAL),
    # A traceback for every stranger who speaks no HTTP. What fails behind the server, `bot.http` logs itself.
    "aiohttp.server": logging.CRITICAL,
}
"""Libraries that say too much: nothing below these levels is logged, whatever LOG_LEVEL says."""

MOVED_IN = ("exception", "stack")
"""Parts of a line that may have lines of their own."""


def configure(level: str, log_format: LogFormat | None, secrets: Iterable[str] = ()) -> None:
    """Send every log line to standard error, without these secrets, and warnings of the interpreter with them.

    The format is chosen by whether standard error is a terminal, if none is given.
    """
    console = (log_format or ("console" if sys.stderr.isatty() else "json")) == "console"
    handler = _Handler(sys.stderr)
    handler.setFormatter(formatter("console" if console else "json", Redactor(secrets), colors=sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(True)


def formatter(log_format: LogFormat, redact: Redactor, *, colors: bool = False) -> logging.Formatter:
    """Makes lines of records."""
    console = log_format == "console"
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
    ]
    final: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _with_stack,
    ]
    if console:
        # The renderer's own tracebacks would show local variables, and with them what people wrote.
        final += [_for_people, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)]
    else:
        final.append(structlog.processors.JSONRenderer())
    return _Formatter(redact, final, before)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(
        self,
        redact: Redactor,
        final: list[structlog.typing.Processor],
        before: list[structlog.typing.Processor],
    ) -> None:
        super().__init__(processors=final, foreign_pre_chain=before)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says where a line is missing; the library would print its arguments, which nothing has looked through."""
        with suppress(OSError, ValueError):
            self.stream.write(f"a log line could not be written: {record.name}, line {record.lineno}\n")


def _with_stack(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What the standard library calls a stack under the renderers' name for it, and nothing that another handler left
    in the record."""
    stack, _, _ = event.pop("stack_info", None), event.pop("message", None), event.pop("asctime", None)
    return event if stack is None else {**event, "stack": stack}


def _for_people(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Values that cannot break out of their line."""
    return {name: _tame(name, value) for name, value in event.items()}


def _tame(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return indented(text) if name in MOVED_IN else one_line(text)
