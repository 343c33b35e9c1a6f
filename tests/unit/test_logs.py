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
    logging.captureWarnings(False)
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


SECRET = "sk-that-must-not-be-seen"


class Careless:
    def __repr__(self) -> str:
        return f"<Careless {SECRET}>"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_part_of_a_line_shows_a_secret(log_format: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", log_format, [SECRET])
    log = logging.getLogger("bot")
    log.info(f"the key is {SECRET}")  # noqa: G004
    log.info("the key is %s", SECRET, extra={"key": SECRET, "inside": {"a": [SECRET]}, "thing": Careless()})
    try:
        int(SECRET)
    except ValueError:
        log.exception("it failed", stack_info=True)
    log.info("%r", {"Authorization": f"Bearer {SECRET}"})
    said = capsys.readouterr().err
    assert SECRET not in said
    assert said.count("[secret]") >= 7


def test_a_line_that_cannot_be_written_shows_none_of_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json", [SECRET])
    logging.getLogger("bot").info("%d", SECRET)
    assert capsys.readouterr().err.startswith("a log line could not be written: bot, line ")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_a_line_is_about_is_in_fields(log_format: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", log_format)
    logging.getLogger("bot").info("turn", extra={"turn": 7, "seconds": 1.5, "outcome": "complete", "model": None})
    line = capsys.readouterr().err
    if log_format == "json":
        fields = json.loads(line)
        assert (fields["turn"], fields["seconds"], fields["outcome"]) == (7, 1.5, "complete")
    else:
        assert "turn=7 seconds=1.5 outcome=complete model=None" in line


FORGED = "\n2026-11-29T22:00:00Z [critical ] all is lost\r\x1b[2K\x1b[31mred\u202eder\u2028next\x85\ud800"


class Forger:
    def __str__(self) -> str:
        raise ValueError(FORGED)


def test_nobody_can_forge_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    log = logging.getLogger("bot")
    log.info("somebody is called %s", FORGED, extra={"name_": FORGED, "deep": [FORGED]})
    (line,) = capsys.readouterr().err.splitlines()
    assert not any(character in line for character in FORGED if not character.isprintable())
    try:
        str(Forger())
    except ValueError:
        log.exception("it failed", stack_info=True)
    first, *others = capsys.readouterr().err.splitlines()
    assert "it failed" in first
    assert len(others) > 5
    assert all(line.startswith("    ") or set(line) <= {"="} for line in others)
    assert not any(character in line for line in others for character in FORGED if not character.isprintable())


def test_nobody_can_forge_a_line_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logging.getLogger("bot").info("somebody is called %s", FORGED, extra={"name_": FORGED})
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["name_"] == FORGED


def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    words = "what somebody" + " wrote"
    try:
        int(words[:0])
    except ValueError:
        logging.getLogger("bot").exception("it failed")
    assert "what somebody wrote" not in capsys.readouterr().err
