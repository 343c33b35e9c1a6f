"""Where the bot talked lately."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from discord.utils import time_snowflake

from adapters.discord.places import MOST, RECENT, Place, Places, dumped, loaded

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def ago(hours: float) -> int:
    """The id of a message of that time."""
    return time_snowflake(NOW - timedelta(hours=hours))


def test_a_place_is_known_once_the_bot_talked_there() -> None:
    places = Places()
    places.heard(1, None, ago(3), ours=False)
    assert places.recent(NOW) == []
    places.heard(1, 7, ago(2), ours=True)
    places.heard(1, 7, ago(1), ours=False)
    assert places.recent(NOW) == [Place(1, 7, talked=ago(2), heard=ago(1))]


def test_what_was_said_earlier_takes_nothing_back() -> None:
    places = Places()
    places.heard(1, None, ago(1), ours=True)
    places.heard(1, None, ago(2), ours=True)
    assert places.recent(NOW) == [Place(1, None, ago(1), ago(1))]


def test_the_latest_come_first_and_old_ones_not_at_all() -> None:
    places = Places()
    for channel, hours in ((1, 2), (2, 1), (3, RECENT.total_seconds() / 3600 + 0.1), (4, 3)):
        places.heard(channel, None, ago(hours), ours=True)
    places.heard(3, None, ago(0), ours=False)
    assert [place.channel for place in places.recent(NOW)] == [2, 1, 4]


def test_where_the_bot_has_not_talked_for_longest_is_forgotten_first() -> None:
    places = Places()
    for channel in range(MOST + 1):
        places.heard(channel, None, ago(20 - channel / 100), ours=True)
    assert {place.channel for place in places.recent(NOW)} == set(range(1, MOST + 1))


def test_what_is_written_down_is_read_again() -> None:
    places = [Place(1, 7, ago(2), ago(1)), Place(2, None, ago(1), ago(1))]
    assert loaded(dumped(places)) == places


def test_changes_are_told() -> None:
    places = Places()
    places.heard(1, None, ago(1), ours=False)
    assert not places.changed.is_set()
    places.heard(1, None, ago(1), ours=True)
    assert places.changed.is_set()
    places.changed.clear()
    places.heard(1, None, ago(1), ours=True)
    assert not places.changed.is_set()
    places.drop(1)
    assert places.changed.is_set()
    assert places.recent(NOW) == []
