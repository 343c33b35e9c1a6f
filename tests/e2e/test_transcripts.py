"""The program that writes docs/commands.md shows what people see."""

from __future__ import annotations

import re

import pytest

from benchmarks.stage import staged
from benchmarks.transcripts import DOCUMENT, block_of, played
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("path", ["retry", "claim"])
async def test_a_transcript_is_the_same_each_time(path: str) -> None:
    (written,) = re.findall(r"```text\n(.*)\n```", block_of(DOCUMENT.read_text(encoding="utf-8"), path), re.DOTALL)
    assert await played(path) == written


async def test_a_transcript_tells_who_did_what_and_what_was_shown_or_changed() -> None:
    async with staged({"sky": Script.of("> Blue.\n\nBecause it is.")}, {}) as stage:
        await stage.say("Why is the sky blue?", "[Retry]", who="Bob")
        await stage.say("/settings")
        await stage.press("Reasoning", "[Back]")
        lines = stage.transcript.splitlines()
    assert lines[:5] == [
        "Bob     Why is the sky blue?",
        "Parley  > Blue.",
        "",
        "        Because it is.",
        "        [Retry]",
    ]
    pressed = lines.index("Ann     presses [Reasoning]")
    assert lines[pressed + 1 : pressed + 3] == [
        "Parley  (the message changes)",
        "        Some models think before they answer. Should I show what they thought?",
    ]
    assert lines[-1] == "        [✓ hidden] [shown] [Back]"
    assert all(len(line) <= 108 for line in lines)
