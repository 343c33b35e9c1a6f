"""Any text: rendered without an exception, accepted by Telegram as it is, and no letter of it lost."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.markup import Markup
from bot.domain.text import utf16_length
from tests.fakes.telegram_entities import QUOTES, formatted

MARKUP = Markup()

STYLES = ("*", "**", "***", "_", "~~", "`", "``", "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\")
BLOCKS = ("#", "# ", "\n## ", ">", "\n> ", "\n---\n", "\n===\n", "    ", "\t", "  \n", "\n", "\n\n")
FENCES = ("```", "```py\n", "\n```\n", "~~~")
LISTS = ("- ", "* ", "+ ", "\n- ", "\n  - ", "1. ", "\n1. ", "\n   2) ", "[ ] ", "[x] ")
LINKS = (
    "[",
    "]",
    "(",
    ")",
    "![",
    "](https://e.org/a)",
    "](x)",
    "<",
    ">",
    "<b>",
    "<https://e.org>",
    "&lt;",
    "](http://",
    ".",
    "@",
    ":",
)
TABLES = ("|", "|a|b|\n|-|-|\n", "\n|-|:-:|", "\n|1|2|3|")
WORDS = ("a", "word", "snake_case", "Δ", "漢字", "😀", "👩\u200d👧", "\u200b", "\u202e", "\u00a0", "e\u0301", "7", ".")
PIECES = st.sampled_from([*STYLES, *BLOCKS, *FENCES, *LISTS, *LINKS, *TABLES, *WORDS])
LANGUAGES = re.compile(r"(?:`{3,}|~{3,})[ \t]*([\w+#.-]{1,32})[ \t]*(?=\r|\n|\Z)")
"""What stands behind a fence and is not shown."""
MARKDOWN = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


def letters(text: str) -> Counter[str]:
    return Counter(character for character in text if character.isalpha())


@given(MARKDOWN | st.text(max_size=200))
def test_telegram_takes_it_as_it_is(source: str) -> None:
    rendered = MARKUP.render(source)
    entities = [entity.to_dict() for entity in rendered.entities]
    assert rendered.units == utf16_length(rendered.text)
    assert rendered.text == rendered.text.rstrip()
    assert rendered.text == rendered.text.lstrip() or entities[0]["offset"] == 0
    stored = formatted(rendered.text, entities, may_be_empty=True)
    if stored.text == rendered.text:  # Telegram takes some invisible characters out, and what they alone carried
        assert len(stored.entities) == min(100, len(entities))
    assert entities == sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))
    units = rendered.text.encode("utf-16-le")
    for entity in entities:
        words = units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        assert words
        assert words == words.rstrip()
        assert words == words.lstrip() or entity["type"] in ("pre", *QUOTES)


@given(MARKDOWN)
def test_entities_nest(source: str) -> None:
    entities = MARKUP.render(source).entities
    for index, outer in enumerate(entities):
        for inner in entities[index + 1 :]:
            if inner.offset >= outer.offset + outer.length:
                continue
            assert inner.offset + inner.length <= outer.offset + outer.length
            assert outer.type not in ("code", "pre")
            assert inner.type not in ("code", "pre") or outer.type in QUOTES
            assert inner.type != outer.type
            assert not {inner.type, outer.type} <= QUOTES


@given(MARKDOWN | st.text(max_size=200))
def test_no_letter_is_lost(source: str) -> None:
    rendered = MARKUP.render(source)
    kept = letters(rendered.text + "".join(LANGUAGES.findall(source)))
    for entity in rendered.entities:
        kept += letters(entity.url or "")
    lost = letters(source) - kept
    assert set(lost) <= {"x", "X"}  # the ticks of task lists
    assert lost.total() <= source.count("[x]") + source.count("[X]")


@given(st.text(alphabet="019 ab\n*_`~#>|-[]<", max_size=120))
def test_no_digit_is_lost(source: str) -> None:
    """Without the numbers of lists, which may be counted anew."""
    text = MARKUP.render(source).text
    assert Counter(filter(str.isdigit, source)) <= Counter(filter(str.isdigit, text))
