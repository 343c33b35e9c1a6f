"""What is done with what another process left over."""

from __future__ import annotations

from bot.domain.ids import ChatRef, Person
from bot.domain.messages import Message
from bot.domain.outbox import KeptPart, KeptReply
from bot.recovery import plan

CHAT = ChatRef("telegram", "1", "42", "private")


def message(key: str) -> Message:
    return Message(key, CHAT, Person("telegram", "7", "Ann"), "1", "Hello", "direct")


def reply(nonce: str, event: str | None, *, shown: bool = False, finished: bool = False) -> KeptReply:
    part = KeptPart(0, message_id="1" if shown else None)
    return KeptReply(nonce, CHAT, event, "text", finished, (), (part,))


def test_nothing_was_left_over() -> None:
    found = plan([], [])
    assert (found.first, found.events, found.dropped) == ((), (), ())


def test_events_come_in_their_order_with_their_replies() -> None:
    half, whole = reply("half", "2", shown=True), reply("whole", "3", finished=True)
    waiting = [(message("1"), 0), (message("2"), 1), (message("3"), 2)]
    found = plan([whole, half], waiting)
    assert found.events == ((message("1"), 0, ()), (message("2"), 1, (half,)), (message("3"), 2, (whole,)))
    assert (found.first, found.dropped) == ((), ())


def test_a_reply_of_which_nothing_was_seen_is_begun_anew() -> None:
    unseen = reply("unseen", "1")
    found = plan([unseen], [(message("1"), 0)])
    assert found.events == ((message("1"), 0, ()),)
    assert found.dropped == (unseen,)


def test_replies_of_events_that_are_done_come_first() -> None:
    late, ownerless = reply("late", "done", shown=True), reply("ownerless", None, finished=True)
    found = plan([late, ownerless], [(message("1"), 0)])
    assert found.first == (late, ownerless)


def test_of_several_replies_to_one_event_all_go_on_when_one_was_seen() -> None:
    """As of answers that are compared: asked again, the one that was seen would come twice."""
    seen, unseen = reply("seen", "1", shown=True), reply("unseen", "1")
    found = plan([seen, unseen], [(message("1"), 0)])
    assert found.events == ((message("1"), 0, (seen, unseen)),)
    assert found.dropped == ()
