"""Files that are broken, mean or something else: each ends in a FileError, without a warning and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.media.malformed import CASES

ROOT = Path(__file__).parents[3]
MOST_MEGABYTES = 400


def test_there_are_two_hundred() -> None:
    different = {data for _, _, cases in CASES for _, data in cases()}
    assert len(different) >= 200


def test_nothing_but_file_errors() -> None:
    """In a process of its own, whose memory nothing else has touched; it would write a warning to its standard error.

    Some of what is broken can still be shown.
    """
    command = [sys.executable, "-W", "always", "-m", "tests.unit.media.malformed"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    for kind, outcomes in found["outcomes"].items():
        assert set(outcomes.values()) <= {"refused", "shown"}, kind
        assert list(outcomes.values()).count("refused") > 2 * list(outcomes.values()).count("shown"), kind
    assert found["megabytes"] < MOST_MEGABYTES
