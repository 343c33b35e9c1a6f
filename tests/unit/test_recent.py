"""What came last is kept, and no more than that."""

from __future__ import annotations

from bot.domain.recent import Recent

SIZE = 20


def test_the_newest_are_kept() -> None:
    recent: Recent[tuple[int, int], str] = Recent(SIZE)
    for number in (*range(SIZE), 0, SIZE):
        recent[7, number] = f"{number}"
    assert (7, 0) in recent
    assert (7, 1) not in recent
    assert (7, 2) in recent
    assert (8, 2) not in recent
    assert (recent.get((7, SIZE)), recent.get((7, 1)), len(recent)) == (str(SIZE), None, SIZE)


def test_what_is_read_is_kept_for_longer() -> None:
    recent: Recent[int, str] = Recent(2)
    recent[1], recent[2] = "one", "two"
    assert recent.get(1) == "one"
    recent[3] = "three"
    assert (1 in recent, 2 in recent, 3 in recent) == (True, False, True)


def test_a_value_can_be_replaced() -> None:
    recent: Recent[int, str] = Recent(2)
    recent[1], recent[2], recent[1] = "one", "two", "uno"
    assert (recent.get(1), len(recent)) == ("uno", 2)


def test_a_value_can_be_forgotten_while_all_are_looked_through() -> None:
    recent: Recent[int, str] = Recent(3)
    for number in range(3):
        recent[number] = f"{number}"
    for name in recent:
        if name != 1:
            del recent[name]
    assert (list(recent), len(recent), recent.get(0)) == ([1], 1, None)
