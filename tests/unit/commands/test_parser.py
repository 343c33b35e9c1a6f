"""Lines of chat text become commands and values, or a sentence that says what was wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.catalogue import COMMANDS
from bot.commands.parser import going_on, parse, validate
from bot.commands.registry import checked, find
from bot.commands.spec import Call, Command, Option, Reply
from bot.domain.messages import Invocation
from bot.errors import UsageError


async def nothing(call: Call) -> Reply | None:
    return None


TREE = checked(
    Command("ask", "Ask", "talk", nothing, options=(Option("question", "What", required=True, rest=True),)),
    Command("new", "New", "talk", nothing, aliases=("reset",)),
    Command("start", "Hello", "talk", nothing, ignores_words=True),
    Command(
        "imagine",
        "Draw",
        "media",
        nothing,
        options=(
            Option("prompt", "What", required=True, rest=True),
            Option("size", "How big", choices=("Small", "large")),
            Option("count", "How many", type="integer", minimum=1, maximum=4),
            Option("picture", "Which", type="file"),
        ),
    ),
    Command(
        "set",
        "Set",
        "model",
        nothing,
        options=(
            Option("temperature", "Heat", type="number", minimum=0, maximum=2),
            Option("tokens", "Length", type="integer", minimum=1),
            Option("below", "At most", type="number", maximum=5),
            Option("loud", "Loud", type="boolean"),
            Option("stop", "Stop word"),
        ),
    ),
    Command(
        "persona",
        "Persona",
        "persona",
        children=(
            Command("use", "Use", "persona", nothing, options=(Option("name", "Which"),)),
            Command("show", "Show", "persona", nothing, aliases=("see",)),
            Command(
                "create",
                "Create",
                "persona",
                nothing,
                options=(
                    Option("name", "Name", required=True),
                    Option("prompt", "Prompt", required=True, rest=True),
                    Option("description", "Line"),
                ),
            ),
        ),
        default_child="show",
    ),
    Command("hear", "Hear", "media", nothing, options=(Option("recording", "Which", type="file"),)),
    Command("voice", "Voice", "media", children=(Command("off", "Silent", "media", nothing),)),
)


@pytest.mark.parametrize(
    ("line", "path", "values"),
    [
        ("/new", "new", {}),
        ("  /new  ", "new", {}),
        ("/NEW", "new", {}),
        ("/reset", "new", {}),
        ("/new@parley_bot", "new", {}),
        ("/start a7-x deep link", "start", {}),
        ("/persona", "persona show", {}),
        ("/persona see", "persona show", {}),
        ("/persona use", "persona use", {}),
        ("/persona@parley_bot use teacher", "persona use", {"name": "teacher"}),
        ("/Persona USE Teacher", "persona use", {"name": "Teacher"}),
        ('/persona use "the teacher"', "persona use", {"name": "the teacher"}),
        ("/persona use “the teacher”", "persona use", {"name": "the teacher"}),
        ("/persona use 'it\\'s'", "persona use", {"name": "it's"}),
        ("/persona use it's", "persona use", {"name": "it's"}),
        ("/persona use name=x=y", "persona use", {"name": "x=y"}),
        ("/persona use other=y", "persona use", {"name": "other=y"}),
        ('/persona use name="a b"', "persona use", {"name": "a b"}),
        ("/ask why?", "ask", {"question": "why?"}),
        ('/ask  why "so"\n\n  then?  ', "ask", {"question": 'why "so"\n\n  then?'}),
        ("/ask\nwhy", "ask", {"question": "why"}),
        ('/ask "unclosed', "ask", {"question": '"unclosed'}),
        ("/ask question=why so", "ask", {"question": "why so"}),
        ("/persona create bob You are\nBob.", "persona create", {"name": "bob", "prompt": "You are\nBob."}),
        (
            '/persona create bob description="a man" You are Bob.',
            "persona create",
            {"name": "bob", "description": "a man", "prompt": "You are Bob."},
        ),
        (
            '/persona create prompt="You are Bob." name=bob',
            "persona create",
            {"name": "bob", "prompt": "You are Bob."},
        ),
        ("/imagine size=SMALL count=2 a cat", "imagine", {"size": "Small", "count": 2, "prompt": "a cat"}),
        ("/imagine picture=x.png a cat", "imagine", {"prompt": "picture=x.png a cat"}),
        ("/hear", "hear", {}),
        ("/set 0.5 10", "set", {"temperature": 0.5, "tokens": 10}),
        ("/set 0 1 5", "set", {"temperature": 0.0, "tokens": 1, "below": 5.0}),
        ("/set loud=Yes temperature=2", "set", {"loud": True, "temperature": 2.0}),
        ("/set loud=0", "set", {"loud": False}),
        ('/set stop=""', "set", {"stop": ""}),
    ],
)
def test_a_line_is_understood(line: str, path: str, values: dict[str, Any]) -> None:
    assert parse(TREE, line) == Invocation(tuple(path.split()), values)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/", "There is no command `/`. /help lists them all."),
        ("/persna use x", "There is no command `/persna`. Did you mean `/persona`?"),
        ("/q`x`", "There is no command `/q'x'`. /help lists them all."),
        ("/voice", "Say what `/voice` should do: `off`."),
        ("/persona sow", "`/persona` cannot `sow`. Did you mean `/persona show`?"),
        ("/persona teacher", "`/persona` cannot `teacher`. It takes: `use`, `show`, `create`."),
        ("/ask", "`question` is missing.\nUsage: `/ask question`"),
        ("/ask question=", "`question` is missing.\nUsage: `/ask question`"),
        ("/persona create bob", "`prompt` is missing.\nUsage: `/persona create name prompt [description]`"),
        ("/new now please", "`now please` is one thing too many.\nUsage: `/new`"),
        ("/hear this", "`this` is one thing too many.\nUsage: `/hear`"),
        ("/imagine", "`prompt` is missing.\nUsage: `/imagine prompt [Small|large] [count]`"),
        ('/persona use "x', "A quotation mark is not closed.\nUsage: `/persona use [name]`"),
        ("/persona use name=x name=y", "`name` is given twice.\nUsage: `/persona use [name]`"),
        ("/imagine size=huge x", "`size` must be one of `Small`, `large`, not `huge`."),
        ("/imagine size=lrge x", "`size` must be one of `large`, not `lrge`."),
        ("/imagine count=5 x", "`count` must be from 1 to 4, not `5`."),
        ("/imagine count=two x", "`count` must be a whole number, not `two`."),
        ("/imagine count=1.5 x", "`count` must be a whole number, not `1.5`."),
        ("/set hot", "`temperature` must be a number, not `hot`."),
        ("/set nan", "`temperature` must be a number, not `nan`."),
        ("/set inf", "`temperature` must be a number, not `inf`."),
        ("/set tokens=0", "`tokens` must be at least 1, not `0`."),
        ("/set below=6", "`below` must be at most 5, not `6.0`."),
        ("/set loud=maybe", "`loud` must be on or off, not `maybe`."),
    ],
)
def test_what_is_wrong_is_said(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(TREE, line)

    assert caught.value.sentence.startswith(said)
    if "Usage" not in said and " must be " in said:
        assert "\nUsage: `/" in caught.value.sentence


@pytest.mark.parametrize(
    ("path", "given", "checked"),
    [
        ("set", {"temperature": 1, "tokens": 3.0}, {"temperature": 1.0, "tokens": 3}),
        ("set", {"loud": True}, {"loud": True}),
        ("imagine", {"prompt": "a=b 'c", "size": "small"}, {"prompt": "a=b 'c", "size": "Small"}),
        ("persona use", {}, {}),
    ],
)
def test_a_typed_invocation_is_checked(path: str, given: dict[str, Any], checked: dict[str, Any]) -> None:
    assert validate(TREE, Invocation(tuple(path.split()), given)) == Invocation(tuple(path.split()), checked)


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("persona", {}, "There is no command `/persona`"),
        ("persona fly", {}, "There is no command `/persona fly`"),
        ("ask", {}, "`question` is missing."),
        ("ask", {"question": " "}, "`question` is missing."),
        ("ask", {"question": 5}, "`question` must be a text, not `5`."),
        ("new", {"x": 1}, "`/new` has no option `x`."),
        ("hear", {"recording": "x.ogg"}, "`/hear` has no option `recording`.\nUsage: `/hear`"),
        ("set", {"temperature": True}, "`temperature` must be a number, not `True`."),
        ("set", {"temperature": 10**400}, "`temperature` must be a number"),
        ("set", {"tokens": 1.5}, "`tokens` must be a whole number, not `1.5`."),
        ("set", {"loud": 1}, "`loud` must be on or off, not `1`."),
        ("set", {"temperature": 2.5}, "`temperature` must be from 0 to 2, not `2.5`."),
    ],
)
def test_a_wrong_typed_invocation_is_refused(path: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        validate(TREE, Invocation(tuple(path.split()), given))

    assert caught.value.sentence.startswith(said)


PIECES = st.one_of(
    st.text(),
    st.sampled_from(
        [" ", "\n", '"', "'", "“", "\\", "=", "@", "name=", "count=", "prompt=", "loud=on", "1e999", "9" * 5000]
    ),
)
HEADS = st.sampled_from(
    ["/ask", "/imagine", "/set", "/persona", "/persona use", "/persona create", "/voice", "/hear", "/", ""]
)


@settings(deadline=None)
@given(HEADS, st.lists(PIECES, max_size=8))
def test_any_line_is_understood_or_refused_with_a_sentence(head: str, pieces: list[str]) -> None:
    line = f"{head} {''.join(pieces)}"
    invocation = parsed_or_said(line)
    if isinstance(invocation, str):
        assert invocation.strip()
        assert len(invocation) < 600
        return
    command = find(TREE, invocation.path)
    assert command is not None
    assert command.handler is not None
    assert set(invocation.values) <= {option.name for option in command.options}
    assert {option.name for option in command.options if option.required} <= set(invocation.values)
    assert validate(TREE, invocation) == invocation


def parsed_or_said(line: str) -> Invocation | str:
    try:
        return parse(TREE, line)
    except UsageError as error:
        return error.sentence


@settings(deadline=None)
@given(st.text().filter(lambda text: text.strip() and not text.strip().casefold().startswith("question=")))
def test_the_rest_of_a_line_is_taken_as_it_stands(question: str) -> None:
    assert parse(TREE, f"/ask {question}").values == {"question": question.strip()}


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_quotation_marks_carry_any_text(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')

    assert parse(TREE, f'/persona use "{quoted}"').values == {"name": name}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("$5 month", {"subject": "$5", "amount": "month"}),
        ("total $5 month", {"subject": "total", "amount": "$5", "period": "month"}),
        ("total 5 month DOLLARS", {"subject": "total", "amount": "5", "unit": "dollars", "period": "month"}),
        ("total unit=dollars 5 month", {"subject": "total", "amount": "5", "unit": "dollars", "period": "month"}),
    ],
)
def test_a_choice_is_known_by_its_word_where_others_are_left_out(line: str, values: dict[str, Any]) -> None:
    assert parse(COMMANDS, f"/budget {line}").values == values


def test_a_word_that_is_nobodys_choice_is_refused_by_the_next_option() -> None:
    with pytest.raises(UsageError, match="`unit` must be one of"):
        parse(COMMANDS, "/budget total 5 week")
    with pytest.raises(UsageError, match="`day` is one thing too many"):
        parse(COMMANDS, "/budget total 5 tokens month day")


def test_the_real_declarations_take_their_own_examples() -> None:
    for command in COMMANDS:
        for each in (command, *command.children):
            if each.example:
                assert parse(COMMANDS, each.example).path[0] == command.name


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=40))
def test_words_of_a_form_are_taken_as_they_are(words: str) -> None:
    for line, values in (
        ("/persona create pirate", {"name": "pirate", "prompt": words}),
        ("/settings reply word", {"name": "reply", "value": f"word {words}"}),
        ("/settings model", {"name": "model", "value": words}),
    ):
        call = going_on(COMMANDS, line, words)
        assert isinstance(call, Invocation)
        assert validate(COMMANDS, call).values == values


def test_words_behind_a_line_that_is_not_whole_without_them() -> None:
    for line in ("/ask", "/new", "/dance", "/persona create"):
        assert going_on(COMMANDS, line, "why is it so?") == f"{line} why is it so?"
