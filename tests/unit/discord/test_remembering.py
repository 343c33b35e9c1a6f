"""What is noted of Discord's places, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.discord.places import Place, Places, dumped, loaded
from adapters.discord.remembering import WRITE_EVERY, Remembering
from bot import clock
from bot.errors import StorageError
from tests.fakes.memory import MemoryNotes

pytestmark = pytest.mark.virtual

NAME = "discord:places:7"


@asynccontextmanager
async def kept(notes: MemoryNotes) -> AsyncIterator[Places]:
    """Places that are noted as in a running bot, which in the end crashes."""
    places = Places()
    remembering = Remembering(notes, places)
    await remembering.recall(7)
    keeping = asyncio.create_task(remembering.keep())
    try:
        yield places
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


def noted(notes: MemoryNotes) -> list[Place]:
    return list(loaded(notes.texts.get(NAME, "[]")))


async def test_a_new_place_is_noted_at_once_as_if_nothing_was_heard_there_yet() -> None:
    notes = MemoryNotes()
    async with kept(notes) as places:
        places.heard(1, None, 100, ours=True)
        await clock.sleep(0.1)
        assert noted(notes) == [Place(1, None, 100, 99)]
        places.heard(1, None, 110, ours=True)
        places.heard(2, 5, 120, ours=True)
        await clock.sleep(0.1)
        assert noted(notes) == [Place(1, None, 100, 99), Place(2, 5, 120, 119)]


async def test_what_was_heard_is_noted_once_it_is_surely_stored() -> None:
    notes = MemoryNotes()
    async with kept(notes) as places:
        places.heard(1, None, 100, ours=True)
        await clock.sleep(WRITE_EVERY - 1)
        places.heard(1, None, 110, ours=False)
        await clock.sleep(2)
        assert noted(notes) == [Place(1, None, 100, 100)]
        places.heard(1, None, 120, ours=True)
        await clock.sleep(2 * WRITE_EVERY)
        assert noted(notes) == [Place(1, None, 120, 120)]


async def test_a_place_that_is_gone_is_noted_no_longer() -> None:
    notes = MemoryNotes()
    async with kept(notes) as places:
        places.heard(1, None, 100, ours=True)
        await clock.sleep(1)
        places.drop(1)
        await clock.sleep(WRITE_EVERY + 1)
        assert noted(notes) == []


async def test_nothing_is_written_while_nothing_changes() -> None:
    notes = MemoryNotes()
    async with kept(notes) as places:
        places.heard(1, None, 100, ours=True)
        await clock.sleep(WRITE_EVERY + 1)
        notes.texts.clear()
        places.heard(1, None, 100, ours=True)
        await clock.sleep(100)
        assert notes.texts == {}


async def test_in_the_end_all_is_noted() -> None:
    notes, places = MemoryNotes(), Places()
    remembering = Remembering(notes, places)
    await remembering.save()
    await remembering.recall(7)
    places.heard(1, None, 100, ours=True)
    await remembering.save()
    assert noted(notes) == [Place(1, None, 100, 100)]
    again = Places()
    await Remembering(notes, again).recall(7)
    assert list(again.all().values()) == noted(notes)


async def test_a_later_client_does_not_go_back_to_the_note() -> None:
    notes, places = MemoryNotes({NAME: dumped([Place(1, None, 100, 100)])}), Places()
    remembering = Remembering(notes, places)
    await remembering.recall(7)
    places.drop(1)
    await remembering.recall(7)
    assert places.all() == {}


@pytest.mark.parametrize("broken", ["{", "[1]", "[[1, 2]]", "[[null, null, null, null]]", '{"a": 1}'])
async def test_a_note_that_is_none(broken: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with kept(MemoryNotes({NAME: broken})) as places:
        assert places.all() == {}
    assert "cannot be read" in caplog.text


async def test_a_database_that_fails(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: MemoryNotes, _name: str, _value: str) -> None:
        raise StorageError("locked")

    notes = MemoryNotes()
    async with kept(notes) as places:
        with monkeypatch.context() as patch:
            patch.setattr(MemoryNotes, "write", fail)
            places.heard(1, None, 100, ours=True)
            await clock.sleep(1)
        assert "could not be noted" in caplog.text
        await clock.sleep(WRITE_EVERY + 1)
        assert noted(notes) == [Place(1, None, 100, 100)]
