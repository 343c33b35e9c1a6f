"""Answers that are written at the same time come one after the other on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from adapters.console.attached import Attached
from adapters.console.by_turns import ByTurns
from adapters.console.channel import ConsoleChannel
from adapters.console.folder import Folder
from adapters.console.output import Output
from adapters.console.plain import PlainView
from adapters.console.translate import CHAT
from bot.domain.platform import Button, Outgoing

STOP = (Button("Stop", "stop 1"),)


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[TextIO]:
    with (tmp_path / "paper").open("w", encoding="utf-8") as opened:
        yield opened


def written(paper: TextIO) -> str:
    return Path(paper.name).read_text(encoding="utf-8")


async def test_one_answer_after_the_other(tmp_path: Path, paper: TextIO) -> None:
    asked = ConsoleChannel(CHAT, Attached(), Folder(tmp_path), ByTurns(PlainView(Output(paper))))
    first = await asked.send(Outgoing("one", buttons=STOP))
    second = await asked.send(Outgoing("two", buttons=STOP))
    third = await asked.send(Outgoing("three", buttons=STOP))
    await asked.edit(second, Outgoing("two ends"))
    await asked.edit(first, Outgoing("one goes on", buttons=STOP))
    assert written(paper) == "one goes on"
    assert not asked.finished.is_set()
    await asked.edit(first, Outgoing("one goes on and ends"))
    await asked.edit(third, Outgoing("three goes on", buttons=STOP))
    assert not asked.finished.is_set()
    await asked.edit(third, Outgoing("three goes on and ends"))
    assert asked.finished.is_set()
    assert written(paper) == "one goes on and ends\n\ntwo ends\n\nthree goes on and ends\n"


async def test_what_was_held_back_is_not_lost_at_the_end(tmp_path: Path, paper: TextIO) -> None:
    view = ByTurns(PlainView(Output(paper)))
    asked = ConsoleChannel(CHAT, Attached(), Folder(tmp_path), view)
    await asked.send(Outgoing("one", buttons=STOP))
    await asked.send(Outgoing("two", buttons=STOP))
    await asked.send(Outgoing("three", buttons=STOP))
    view.close()
    assert written(paper) == "one\n\ntwo\n\nthree\n"
