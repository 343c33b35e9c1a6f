from __future__ import annotations

import pytest

from adapters.discord.mentions import readable, without

OWN = frozenset({"<@1>", "<@!1>", "<@&5>"})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<@1> hello", "hello"),
        ("hello <@1>", "hello"),
        ("hello <@!1>!", "hello!"),
        ("hey <@1>, how are you?", "hey, how are you?"),
        ("<@1>, how are you?", "how are you?"),
        ("<@1>: list\n- one\n- two", "list\n- one\n- two"),
        ("first line\n<@1> second line", "first line\nsecond line"),
        ("first line <@1>\nsecond line", "first line\nsecond line"),
        ("one <@1> two <@&5> three", "one two three"),
        ("<@1>", ""),
        ("<@1> <@1> twice", "twice"),
        ("...and <@1>", "...and"),
        ("<@12> is somebody else", "<@12> is somebody else"),
    ],
)
def test_the_bots_own_marks_go_and_the_words_stay(text: str, left: str) -> None:
    assert without(text, OWN) == left


def test_without_marks_nothing_changes() -> None:
    assert without("  as it is \n", frozenset()) == "  as it is \n"


def test_marks_become_words() -> None:
    names = {"<@2>": "@Bob", "<@&5>": "@crew", "<#7>": "#general"}
    text = "<@2> <@!2> of <@&5> in <#7> <:wave:11> <a:dance:12> <@3> List<String>"
    assert readable(text, names) == "@Bob @Bob of @crew in #general :wave: :dance: <@3> List<String>"
