"""Markdown as Telegram shows it, case by case."""

from __future__ import annotations

import time

import pytest

from adapters.telegram.markup import Markup
from tests.fakes.telegram_entities import covered


@pytest.fixture(scope="module")
def markup() -> Markup:
    return Markup()


def shown(markup: Markup, source: str) -> tuple[str, list[tuple[str, str]]]:
    """The text, and each entity's kind with what it covers."""
    rendered = markup.render(source)
    marks = [entity.to_dict() for entity in rendered.entities]
    return rendered.text, [(mark["type"], covered(rendered.text, mark)) for mark in marks]


PLAIN = [
    "List<String> and Map<K, List<V>>",
    "<think>hm</think>\nanswer",
    "<b>bold?</b> <br> <!-- no --> <div>x</div>",
    "vector<std::string> v;",
    "&copy; &amp; &#65;",
    "as said[^1]\n\n[^1]: a note",
    "[name]\n\n[name]: http://example.com",
    "[a](javascript:alert(1))",
    "[a](docs/page.md) and [b](#part)",
    "[here](http://localhost:8080/x)",
    "[a](http://a.b@localhost) [b](http://...) [c](tg://)",
    "[write](mailto:ann@example.com)",
    "[Ann](tg://user?id=1) and [join](tg://join?invite=x)",
    "$5 and $6 and $a*b*c$",
    "snake_case_name and 2 * 3 * 4",
    "שלום עולם",
    "__init",
]


@pytest.mark.parametrize("source", PLAIN)
def test_kept_as_it_is(markup: Markup, source: str) -> None:
    assert shown(markup, source) == (source, [])


SHOWN = [
    ("**bold** *it* ~~no~~", "bold it no", [("bold", "bold"), ("italic", "it"), ("strikethrough", "no")]),
    ("***both** one*", "both one", [("italic", "both one"), ("bold", "both")]),
    ("😀 **😀😀** x", "😀 😀😀 x", [("bold", "😀😀")]),
    ("**a `b` c**", "a b c", [("bold", "a"), ("code", "b"), ("bold", "c")]),
    ("# Head **b**\ntext", "Head b\ntext", [("bold", "Head b")]),
    ("text\n# Head", "text\n\nHead", [("bold", "Head")]),
    ("[`x`](https://e.org)", "x", [("text_link", "x")]),
    ('[x](https://e.org "t")', "x (t)", [("text_link", "x")]),
    ("[](https://e.org)", "https://e.org", [("text_link", "https://e.org")]),
    ("<https://e.org/%41>", "https://e.org/%41", [("text_link", "https://e.org/%41")]),
    ("![cat](https://e.org/c.png)", "cat", [("text_link", "cat")]),
    ("![](https://e.org/c.png)", "https://e.org/c.png", [("text_link", "https://e.org/c.png")]),
    ("[![i](https://e.org/i)](https://e.org)", "i", [("text_link", "i")]),
    ("```py\n  x\n```", "  x", [("pre", "  x")]),
    ("a\n```\nx", "a\nx", [("pre", "x")]),
    ("```not a language\nx\n```", "not a language\nx", [("pre", "not a language\nx")]),
    ("a\n\n```words\n```", "a\n\nwords", [("pre", "words")]),
    ("```python", "```python", []),
    ("> a **b**\n> - c\n\nd", "a b\n• c\n\nd", [("blockquote", "a b\n• c"), ("bold", "b")]),
    ("> a\n>> b", "a\nb", [("blockquote", "a\nb")]),
    ("> a\n> b\n> c", "a\nb\nc", [("blockquote", "a\nb\nc")]),
    ("> a\n> b\n>\n> c\n\nd", "a\nb\n\nc\n\nd", [("expandable_blockquote", "a\nb\n\nc")]),
    ("> a\n> > b\n> > c\n> > d", "a\nb\nc\nd", [("expandable_blockquote", "a\nb\nc\nd")]),
    ("> " + "x" * 300, "x" * 300, [("blockquote", "x" * 300)]),
    ("> " + "x" * 301, "x" * 301, [("expandable_blockquote", "x" * 301)]),
    ("> `x`", "x", [("blockquote", "x"), ("code", "x")]),
    ("- a\n  b\n- c\n  - d\n    1. e", "• a\n    b\n• c\n    ◦ d\n        1. e", []),
    ("- a\n\n  b\n- c", "• a\n\n    b\n• c", []),
    ("1. a\n1. b\n1. c", "1. a\n2. b\n3. c", []),
    ("3) a\n2) b\n1) c", "3) a\n2) b\n1) c", []),
    ("1. run\n   ```sh\n   ls\n   ```\n2. see", "1. run\nls\n2. see", [("pre", "ls")]),
    ("1. ```sh\n   ls\n   ```", "1.\nls", [("pre", "ls")]),
    ("- - a", "• ◦ a", []),
    ("-\n- b", "• \n• b", []),
    ("- [ ] a\n- [x] b\n1. [X] c", "☐ a\n☑ b\n1. ☑ c", []),
    ("a\n\n---\n\nb", "a\n\n————————\n\nb", []),
    (r"so \(x_1*y*z\) is", "so x_1*y*z is", [("code", "x_1*y*z")]),
    ("so\n\\[\na\n- b\n\\]\nis", "so\na\n- b\nis", [("pre", "a\n- b")]),
    ("$$\\frac{a}{b}$$", "\\frac{a}{b}", [("pre", "\\frac{a}{b}")]),
    ("> \\[\n> a\n> \\]", "a", [("blockquote", "a"), ("pre", "a")]),
    (r"left \[ open", "left [ open", []),
    ("|a|b|\n|-|-:|\n|1|2|", "a | b\n--+--\n1 | 2", [("pre", "a | b\n--+--\n1 | 2")]),
    ("|a|\n|-|\n|1|lost?|", "a\n--+------\n1 | lost?", [("pre", "a\n--+------\n1 | lost?")]),
    ("|漢字|b|\n|-|-|\n|a|`x\\|y`|", "漢字 | b\n-----+----\na    | x|y", [("pre", "漢字 | b\n-----+----\na    | x|y")]),
    ("  \n\n a \n\n", "a", []),
    ("a  \nb\\\nc", "a\nb\nc", []),
    ("** a **", "** a **", []),
]


@pytest.mark.parametrize(("source", "text", "entities"), SHOWN)
def test_shown(markup: Markup, source: str, text: str, entities: list[tuple[str, str]]) -> None:
    assert shown(markup, source) == (text, entities)


def test_details_of_entities(markup: Markup) -> None:
    code, link = markup.render("```c++\nx\n```\n[a](https://e.org/ä)").entities
    assert (code.language, link.url) == ("c++", "https://e.org/%C3%A4")


def test_too_deep_is_shown_as_it_is(markup: Markup) -> None:
    source = ">" * 60 + " x"
    assert shown(markup, source) == (source, [])


def test_halves_of_surrogates(markup: Markup) -> None:
    assert markup.render("a\ud83d\ude00 \ud83d").text == "a😀 \ufffd"


@pytest.mark.parametrize(
    "piece", ["[", "*a ", "\\[\n", "$$\n", "\\(", "![[", "> ", "- ", "|", "$a", "_*", "1. ", "`a``"]
)
def test_no_text_takes_long(markup: Markup, piece: str) -> None:
    """A message's length of the worst text; the suite's time limit would not tell seconds from milliseconds."""
    start = time.process_time()
    markup.render(piece * (4096 // len(piece)))
    assert time.process_time() - start < 2.0
