"""Pictures, over both databases; the ones in memory, which other tests use, keep the same promises."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from bot import clock
from bot.domain.media import Picture
from bot.ports import Pictures, Store
from bot.storage import tables
from bot.storage.database import SqlStore, open_store

CHAT, OTHER = "telegram:1:42", "telegram:1:43"


def moment() -> datetime:
    """The present, and later than whatever came before: the memory is faster than the clock tells times apart."""
    before = clock.utc_now()
    while (now := clock.utc_now()) == before:
        pass
    return now


@pytest.fixture
def pictures(any_store: Store) -> Pictures:
    return any_store.pictures


def picture(number: int) -> Picture:
    return Picture(b"\xff\xd8 picture %d" % number, "image/jpeg", 640, 480)


def by_digest(*pictures: Picture) -> dict[str, Picture]:
    return {each.ref.digest: each for each in pictures}


async def load(pictures: Pictures, chat_key: str, *wanted: Picture) -> list[Picture]:
    """Those that are still there, in the order in which they are asked for."""
    found = await pictures.load(chat_key, [each.ref.digest for each in wanted])
    assert {each.ref.digest for each in found.values()} == set(found)
    return [found[each.ref.digest] for each in wanted if each.ref.digest in found]


async def test_a_picture_comes_back_as_it_was_kept(pictures: Pictures) -> None:
    photo = Picture(bytes(range(256)), "image/jpeg", 4000, 3000)
    drawing = Picture(b"", "image/png", 1, 2)
    await pictures.keep(CHAT, [photo, drawing])
    assert await pictures.load(CHAT, [photo.ref.digest, drawing.ref.digest]) == by_digest(photo, drawing)


async def test_only_what_is_asked_for_is_loaded(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [picture(n) for n in range(5)])
    wanted = (picture(3).ref.digest, picture(1).ref.digest, picture(1).ref.digest, picture(9).ref.digest)
    assert await pictures.load(CHAT, wanted) == by_digest(picture(1), picture(3))
    assert await pictures.load(CHAT, frozenset(wanted)) == by_digest(picture(1), picture(3))
    assert await pictures.load(CHAT, []) == {}
    assert await pictures.load(CHAT, ["", "no digest", "\0", "\ud83d"]) == {}


async def test_nothing_to_keep_is_no_error(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [])
    assert await pictures.drop_before(moment()) == 0


async def test_the_same_picture_is_stored_once_for_each_chat(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [picture(1), picture(2), picture(1)])
    await pictures.keep(CHAT, [picture(2)])
    await pictures.keep(OTHER, [picture(1)])
    assert await pictures.drop_before(moment()) == 3


async def test_chats_do_not_see_each_others_pictures(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [picture(1), picture(2)])
    await pictures.keep(OTHER, [picture(2)])
    assert await load(pictures, OTHER, picture(1), picture(2)) == [picture(2)]
    assert await load(pictures, "a third", picture(1), picture(2)) == []


async def test_pictures_that_nobody_kept_for_long_are_dropped(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [picture(1), picture(2)])
    await pictures.keep(OTHER, [picture(1)])
    when = moment()
    assert await pictures.drop_before(when - timedelta(days=1)) == 0
    await pictures.keep(CHAT, [picture(2), picture(3)])
    assert await pictures.drop_before(when) == 2
    assert await pictures.drop_before(when) == 0
    assert await load(pictures, CHAT, picture(1), picture(2), picture(3)) == [picture(2), picture(3)]
    assert await load(pictures, OTHER, picture(1)) == []


@pytest.mark.parametrize("hours", [-11, 0, 11])
async def test_the_time_may_be_told_in_any_zone(pictures: Pictures, hours: int) -> None:
    await pictures.keep(CHAT, [picture(1)])
    there = moment().astimezone(timezone(timedelta(hours=hours)))
    assert await pictures.drop_before(there - timedelta(hours=1)) == 0
    assert await pictures.drop_before(there) == 1


async def test_more_are_dropped_than_one_transaction_takes(pictures: Pictures) -> None:
    for chat in (CHAT, OTHER):
        await pictures.keep(chat, [picture(n) for n in range(17)])
    assert await pictures.drop_before(moment()) == 34
    assert await load(pictures, CHAT, *map(picture, range(17))) == []


async def test_pictures_move_with_their_chat(pictures: Pictures) -> None:
    await pictures.keep(CHAT, [picture(1), picture(2)])
    await pictures.keep(f"{CHAT}@42", [picture(3)])
    await pictures.keep(OTHER, [picture(9)])
    await pictures.move(CHAT, CHAT)
    await pictures.move(CHAT, "new")
    await pictures.move(CHAT, "new")
    assert await load(pictures, CHAT, picture(1), picture(2)) == []
    assert await load(pictures, "new", picture(1), picture(2), picture(9)) == [picture(1), picture(2)]
    assert await load(pictures, "new@42", picture(3)) == [picture(3)], "of somebody's own conversation there"
    assert await load(pictures, OTHER, picture(9)) == [picture(9)]


async def test_what_the_new_chat_has_already_stays(pictures: Pictures) -> None:
    theirs = replace(picture(1), width=1)
    await pictures.keep(CHAT, [picture(1), picture(2)])
    await pictures.keep("new", [theirs, picture(3)])
    await pictures.move(CHAT, "new")
    assert await load(pictures, "new", picture(1), picture(2), picture(3)) == [theirs, picture(2), picture(3)]
    assert await pictures.drop_before(moment()) == 3


async def test_a_picture_may_be_large(pictures: Pictures) -> None:
    large = Picture(secrets.token_bytes(4 * 1024 * 1024), "image/png", 5000, 5000)
    await pictures.keep(CHAT, [large, picture(1)])
    assert await load(pictures, CHAT, large, picture(1)) == [large, picture(1)]


async def test_callers_at_once_keep_the_same_pictures(pictures: Pictures) -> None:
    album = [picture(n) for n in range(4)]
    keeps = [pictures.keep(CHAT, album[n % 4 :] + album[: n % 4]) for n in range(12)]
    await asyncio.gather(*keeps)
    assert await load(pictures, CHAT, *album) == album
    assert await pictures.drop_before(moment()) == 4


async def test_a_picture_that_is_kept_while_old_ones_go_stays(pictures: Pictures) -> None:
    album = [picture(n) for n in range(30)]
    await pictures.keep(CHAT, album)
    when = moment()
    dropped, _ = await asyncio.gather(pictures.drop_before(when), pictures.keep(CHAT, album[::-1]))
    assert await load(pictures, CHAT, *album) == album
    assert dropped + await pictures.drop_before(moment()) >= 30


async def test_pictures_are_there_after_opening_again(storage_url: str) -> None:
    async with open_store(storage_url) as store:
        await store.pictures.keep(CHAT, [picture(1)])
    async with open_store(storage_url) as store:
        assert await load(store.pictures, CHAT, picture(1)) == [picture(1)]


async def test_a_cancelled_caller_finishes_the_picture_at_hand(store: SqlStore) -> None:
    keeping = asyncio.create_task(store.pictures.keep(CHAT, [picture(1), picture(2)]))
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert await load(store.pictures, CHAT, picture(1), picture(2)) == [picture(1)]


async def test_cancelled_callers_leave_whole_pictures_and_the_others_alone(store: SqlStore) -> None:
    for passes in range(20):
        tasks = [asyncio.create_task(store.pictures.keep(f"{passes}", [picture(n), picture(n + 9)])) for n in range(4)]
        for _ in range(passes):
            await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results[1::2] == [None, None]
        assert await load(store.pictures, f"{passes}", *map(picture, (1, 3, 10, 12))) == [*map(picture, (1, 3, 10, 12))]
    async with store.pictures.engines.reading() as connection:
        rows = await connection.execute(select(tables.pictures.c.digest, func.length(tables.pictures.c.data)))
        lengths = {each.ref.digest: len(each.data) for each in map(picture, range(14))}
        assert all(lengths[digest] == length for digest, length in rows)
