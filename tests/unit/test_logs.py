"""Log lines: for people on a terminal, JSON for machines, and no library that says too much."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from bot.telemetry import logs


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in logs.LEVELS}
    yield
    root.handlers, root.level = handlers, level
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def test_json_lines_hold_the_event_its_level_and_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logging.getLogger("bot.somewhere").info("turn %d in %.1f s", 7, 1.5)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["logger"]) == ("turn 7 in 1.5 s", "info", "bot.somewhere")
    assert line["timestamp"].endswith("Z")


def test_an_exception_stays_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    try:
        int("on purpose")
    except ValueError:
        logging.getLogger("bot").exception("it failed")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "on purpose" in json.loads(lines[0])["exception"]


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    logging.getLogger("bot").warning("look here")
    line = capsys.readouterr().err
    assert "look here" in line
    assert not line.startswith("{")


def test_the_level_counts(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "json")
    logging.getLogger("bot").info("not this")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["httpx", "httpx2", "openai._base_client", "discord.gateway", "alembic.runtime"])
def test_libraries_cannot_log_addresses_or_messages(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger(name).debug("a URL with a token")
    assert capsys.readouterr().err == ""
