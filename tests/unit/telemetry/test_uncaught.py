"""What nobody catches is logged, in a process of its own: without secrets, and in lines that nobody can forge."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SECRET = "sk-that-must-not-be-seen"

PRELUDE = f"""
import asyncio, threading, warnings
from bot.telemetry.logs import configure
from bot.telemetry.uncaught import log_uncaught
configure("info", "json", ["{SECRET}"])
log_uncaught()
class Unruly:
    def __del__(self):
        raise ValueError("{SECRET}")
async def forgotten():
    asyncio.get_running_loop().call_soon(int, "{SECRET}")
    await asyncio.sleep(0.01)
def broken():
    raise ValueError("{SECRET}")
"""


def run(code: str) -> tuple[int, list[dict[str, str]]]:
    """The exit status and the log lines."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, timeout=30, check=False
    )
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize(
    ("code", "logger", "status"),
    [
        ("broken()", "bot.telemetry.uncaught", 1),
        ("asyncio.run(forgotten())", "asyncio", 0),
        ("thread = threading.Thread(target=broken); thread.start(); thread.join()", "bot.telemetry.uncaught", 0),
        ("unruly = Unruly(); del unruly", "bot.telemetry.uncaught", 0),
        (f"warnings.warn('{SECRET}')", "py.warnings", 0),
    ],
)
def test_it_is_a_log_line_without_secrets(code: str, logger: str, status: int) -> None:
    returned, (line,) = run(code)
    assert returned == status
    assert line["logger"] == logger
    assert "[secret]" in line.get("exception", line["event"])


def test_an_end_from_the_keyboard_is_no_error() -> None:
    status, lines = run("import sys; sys.exit(3)")
    assert (status, lines) == (3, [])
