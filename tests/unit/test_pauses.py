"""Pauses that a platform asked for, over the end of a process and over a wall clock that is set meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot import clock
from bot.errors import StorageError
from bot.replies.pauses import Pauses
from tests.fakes.memory import MemoryNotes


class Wall:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def moves(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(clock, "utc_now", lambda: wall.now)
    return wall


async def kept(notes: MemoryNotes, **pauses: float) -> None:
    """What a process leaves behind."""
    before = Pauses(notes)
    await before.load()
    for place, seconds in pauses.items():
        before.add(place, seconds)
    await before.save()


async def test_what_is_left_of_them_holds_for_the_next_process(wall: Wall) -> None:
    notes = MemoryNotes()
    await kept(notes, short=3, long=30)
    wall.moves(10)
    assert await Pauses(notes).load() == {"long": 20}


@pytest.mark.parametrize("back", [60, 7200, 10**9])
async def test_a_clock_that_was_set_back_makes_none_longer(wall: Wall, back: int) -> None:
    notes = MemoryNotes()
    await kept(notes, chat=3)
    wall.moves(-back)
    assert await Pauses(notes).load() == {"chat": 3}


async def test_each_process_adds_to_what_the_last_one_kept(wall: Wall) -> None:
    notes = MemoryNotes()
    await kept(notes, one=30)
    await kept(notes, two=30, three=0)
    wall.moves(1)
    assert await Pauses(notes).load() == {"one": 29, "two": 29}


async def test_what_could_not_be_written_is_written_next(wall: Wall) -> None:
    class Broken(MemoryNotes):
        async def write(self, key: str, value: str) -> None:
            raise StorageError("the disk is full")

    pauses = Pauses(Broken())
    pauses.add("chat", 30)
    for _ in range(2):
        with pytest.raises(StorageError):
            await pauses.save()
