"""The gate: order, reserve, silence after a flood, and what cancelled waiters leave behind."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from bot.domain.platform import Bucket, CallKind, Limits, Meter, Window
from bot.replies.gate import CALM, MARGIN, Gates, Ticket

BOTH = frozenset[CallKind]({"send", "edit"})
ONE_A_SECOND = Limits(text=100, place=(Meter("chat", BOTH, Bucket(1, 1.0), "test"),))
WITH_RESERVE = Limits(text=100, place=(Meter("chat", BOTH, Bucket(2, 1.0), "test", reserve=1),))
SHARED = Limits(text=100, place=(), shared=(Meter("bot", BOTH, Window(2, 1.0), "test"),))

pytestmark = pytest.mark.virtual


def ask(gates: Gates, place: str, limits: Limits, kind: CallKind = "send", durable: bool = True) -> Ticket:
    return gates.ask("bot", place, limits, kind, durable=durable, earliest=0.0)


async def passed_at(gates: Gates, ticket: Ticket) -> float:
    await gates.pass_through(ticket)
    return asyncio.get_running_loop().time()


async def test_a_place_lets_out_what_the_platform_allows() -> None:
    gates = Gates()
    times = [await passed_at(gates, ask(gates, "a", ONE_A_SECOND)) for _ in range(4)]
    assert times == pytest.approx([0, 1, 2, 3])


async def test_places_do_not_wait_for_each_other() -> None:
    gates = Gates()
    for _ in range(3):
        ask(gates, "a", ONE_A_SECOND)
    assert await passed_at(gates, ask(gates, "b", ONE_A_SECOND)) == 0


async def test_an_edit_leaves_the_reserve_and_a_durable_call_takes_it() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", WITH_RESERVE))
    edit = ask(gates, "a", WITH_RESERVE, "edit", durable=False)
    assert not edit.granted.done()
    final = ask(gates, "a", WITH_RESERVE, "edit", durable=True)
    assert final.granted.done()
    assert await passed_at(gates, edit) > 1.5


async def test_a_waiting_edit_that_becomes_final_goes_at_once() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", WITH_RESERVE))
    edit = ask(gates, "a", WITH_RESERVE, "edit", durable=False)
    gates.promote(edit)
    assert await passed_at(gates, edit) == 0


async def test_shared_calls_go_to_those_that_are_due_the_longest() -> None:
    gates = Gates()
    order: list[str] = []

    async def call(place: str) -> None:
        await gates.pass_through(ask(gates, place, SHARED, durable=False))
        order.append(place)

    async with asyncio.TaskGroup() as group:
        for place in "abcdef":
            group.create_task(call(place))
    assert order == list("abcdef")


async def test_a_durable_call_overtakes_edits_of_other_chats() -> None:
    gates = Gates()
    for place in "abcd":
        ask(gates, place, SHARED, "edit", durable=False)
    durable = ask(gates, "e", SHARED, durable=True)
    assert await passed_at(gates, durable) == pytest.approx(1.0)


async def test_a_flood_silences_its_place_alone_and_slows_it_down_for_a_while() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", ONE_A_SECOND))
    gates.flooded("a", ONE_A_SECOND, 5.0)
    assert await passed_at(gates, ask(gates, "b", ONE_A_SECOND)) == 0
    first = await passed_at(gates, ask(gates, "a", ONE_A_SECOND))
    assert first == pytest.approx(5.0 + MARGIN)
    assert await passed_at(gates, ask(gates, "a", ONE_A_SECOND)) - first == pytest.approx(2.0)
    await asyncio.sleep(CALM + 10)
    calm = await passed_at(gates, ask(gates, "a", ONE_A_SECOND))
    assert await passed_at(gates, ask(gates, "a", ONE_A_SECOND)) - calm == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [Bucket(8, 0.2), Window(5, 5.0)], ids=["bucket", "window"])
async def test_after_a_flood_a_durable_call_waits_no_longer_than_was_asked(rate: Bucket | Window) -> None:
    limits = Limits(text=100, place=(Meter("chat", BOTH, rate, "test", reserve=1),))
    gates = Gates()
    for asked in (2.0, 4.0, 8.0):
        now = asyncio.get_running_loop().time()
        gates.flooded("a", limits, asked)
        assert await passed_at(gates, ask(gates, "a", limits)) - now == pytest.approx(asked + MARGIN)
    second = ask(gates, "a", limits)
    now = asyncio.get_running_loop().time()
    assert await passed_at(gates, second) - now > 10


async def test_idle_places_are_forgotten() -> None:
    gates = Gates()
    for number in range(1000):
        await gates.pass_through(ask(gates, str(number), ONE_A_SECOND))
        await asyncio.sleep(2)
    assert len(gates._places) < 100


async def test_the_typing_sign_does_not_move_the_next_edit() -> None:
    both = Limits(text=100, place=(Meter("chat", BOTH, Bucket(4, 1.0), "test"),))
    gates, quiet = Gates(), Gates()
    for each in (gates, quiet):
        await each.pass_through(ask(each, "a", both))
    await asyncio.sleep(0.3)
    await gates.pass_through(ask(gates, "a", both, "typing"))
    edits = [asyncio.create_task(passed_at(each, ask(each, "a", both, "edit", False))) for each in (gates, quiet)]
    assert await edits[0] == await edits[1]


async def test_spare_calls_go_early_and_the_pace_settles_at_the_refill() -> None:
    both = Limits(text=100, place=(Meter("chat", BOTH, Bucket(5, 1.0), "test", reserve=1),))
    gates = Gates()
    times = [await passed_at(gates, ask(gates, "a", both, "edit", False)) for _ in range(20)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[0] < 0.6
    assert gaps[-1] == pytest.approx(1.0, abs=0.05)
    assert gaps == sorted(gaps)


async def test_a_call_that_was_not_made_leaves_its_window_open() -> None:
    two = Limits(text=100, place=(Meter("chat", BOTH, Window(2, 10.0), "test"),))
    gates = Gates()
    for _ in range(5):
        ticket = ask(gates, "a", two)
        await gates.pass_through(ticket)
        gates.give_back(ticket)
    assert await passed_at(gates, ask(gates, "a", two)) == 0


# A call that counts as several: an album is one for each of its files.

FOUR = Limits(text=100, place=(Meter("chat", BOTH, Bucket(4, 1.0), "test", reserve=1),))
FOUR_OF_ALL = Limits(
    text=100,
    place=(Meter("chat", BOTH, Bucket(4, 1.0), "test"),),
    shared=(Meter("bot", BOTH, Window(4, 1.0), "test"),),
)


def ask_for(gates: Gates, place: str, limits: Limits, calls: int) -> Ticket:
    return gates.ask("bot", place, limits, "send", durable=True, earliest=0.0, calls=calls)


async def test_a_call_that_counts_as_several_waits_until_all_of_them_are_free_and_takes_them() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", FOUR))
    await gates.pass_through(ask(gates, "a", FOUR))
    assert await passed_at(gates, ask_for(gates, "a", FOUR, 4)) == pytest.approx(2.0)
    assert await passed_at(gates, ask(gates, "a", FOUR)) == pytest.approx(3.0)


async def test_those_behind_it_do_not_take_what_it_waits_for() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", FOUR))
    large = ask_for(gates, "a", FOUR, 4)
    small = [ask(gates, "a", FOUR) for _ in range(3)]
    edit = ask(gates, "a", FOUR, "edit", durable=False)
    assert not any(ticket.granted.done() for ticket in (*small, edit))
    assert await passed_at(gates, large) == pytest.approx(1.0)
    assert [await passed_at(gates, ticket) for ticket in small] == pytest.approx([2.0, 3.0, 4.0])
    assert await passed_at(gates, edit) == pytest.approx(6.0)


async def test_while_it_waits_for_its_own_place_the_others_go_on() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", FOUR_OF_ALL))
    ask_for(gates, "a", FOUR_OF_ALL, 4)
    assert ask(gates, "b", FOUR_OF_ALL).granted.done()


async def test_calls_of_other_places_do_not_keep_it_waiting_for_ever() -> None:
    gates = Gates()
    for place in "bcd":
        await gates.pass_through(ask(gates, place, FOUR_OF_ALL))
        await asyncio.sleep(0.25)
    large = asyncio.create_task(passed_at(gates, ask_for(gates, "a", FOUR_OF_ALL, 4)))
    others = []
    for number in range(12):
        others.append(asyncio.create_task(passed_at(gates, ask(gates, str(number), FOUR_OF_ALL))))
        await asyncio.sleep(0.25)
    assert await large == pytest.approx(1.5)
    assert min(await asyncio.gather(*others)) == pytest.approx(2.5)


async def test_cancelled_while_waiting_it_leaves_the_place_to_those_behind() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", FOUR))
    gone = asyncio.create_task(gates.pass_through(ask_for(gates, "a", FOUR, 4)))
    stays = asyncio.create_task(passed_at(gates, ask(gates, "a", FOUR)))
    await asyncio.sleep(0.5)
    gone.cancel()
    assert await stays == pytest.approx(0.5)


async def test_given_back_it_leaves_all_that_it_took() -> None:
    gates = Gates()
    gates.give_back(ask_for(gates, "a", FOUR, 4))
    assert all(ask(gates, "a", FOUR).granted.done() for _ in range(4))
    assert not ask(gates, "a", FOUR).granted.done()


@pytest.mark.parametrize("rate", [Bucket(4, 1.0), Window(4, 4.0)], ids=["bucket", "window"])
async def test_more_than_the_platform_ever_allows_at_once_goes_when_nothing_is_used(rate: Bucket | Window) -> None:
    limits = Limits(text=100, place=(Meter("chat", BOTH, rate, "test"),))
    gates = Gates()
    await gates.pass_through(ask(gates, "a", limits))
    assert await asyncio.wait_for(passed_at(gates, ask_for(gates, "a", limits, 10)), 60) <= 4.0
    assert not ask(gates, "a", limits).granted.done()


# The four cancellations: whoever goes, the others go on.


async def test_cancelled_while_waiting() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", ONE_A_SECOND))
    gone = asyncio.create_task(gates.pass_through(ask(gates, "a", ONE_A_SECOND)))
    stays = asyncio.create_task(passed_at(gates, ask(gates, "a", ONE_A_SECOND)))
    await asyncio.sleep(0.5)
    gone.cancel()
    assert await stays == pytest.approx(1.0)
    assert gone.cancelled()


async def test_cancelled_after_being_let_through() -> None:
    gates = Gates()
    ticket = ask(gates, "a", ONE_A_SECOND)
    gone = asyncio.create_task(gates.pass_through(ticket))
    assert ticket.granted.done()
    gone.cancel()
    await asyncio.wait([gone])
    waits = ask(gates, "a", ONE_A_SECOND)
    await asyncio.wait_for(gates.pass_through(waits), 5)


async def test_cancelled_just_before_its_turn_comes() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", WITH_RESERVE))
    ticket = ask(gates, "a", WITH_RESERVE, "edit", durable=False)
    gone = asyncio.create_task(gates.pass_through(ticket))
    await asyncio.sleep(0)
    gone.cancel()
    gates.promote(ticket)  # it could go now, but nobody waits for it any more
    await asyncio.wait([gone])
    assert await passed_at(gates, ask(gates, "a", WITH_RESERVE)) == 0


async def test_cancelled_between_grant_and_wake_up() -> None:
    gates = Gates()
    await gates.pass_through(ask(gates, "a", ONE_A_SECOND))
    ticket = ask(gates, "a", ONE_A_SECOND)
    gone = asyncio.create_task(gates.pass_through(ticket))
    stays = asyncio.create_task(passed_at(gates, ask(gates, "a", ONE_A_SECOND)))
    ticket.granted.add_done_callback(lambda _: gone.cancel())
    # The call was not made, so the next in line gets its turn at once.
    assert await asyncio.wait_for(stays, 10) == pytest.approx(1.0)
    assert gone.cancelled()


async def test_cancelled_in_a_race_with_everybody() -> None:
    gates = Gates()
    tasks = [asyncio.create_task(passed_at(gates, ask(gates, "a", ONE_A_SECOND))) for _ in range(20)]
    await asyncio.sleep(2.5)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    times = [result for result in results if isinstance(result, float)]
    assert len(times) >= 10
    assert max(times) <= 13
    assert not gates._queue
