"""The drawing of a chat that grows."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from benchmarks.drawing import HOLD, Frame, Recording, Span, svg

LONG = "Every word of a long answer has to stay inside of its bubble, however wide the letters are. " * 4


def drawn(*frames: Frame) -> ElementTree.Element:
    return ElementTree.fromstring(svg(Recording("Why <b> & not **b**?", frames)))


def lines(picture: ElementTree.Element, group: str) -> list[str]:
    """The lines of text that a group shows, without the sign under the name and the caption."""
    found = picture.find(f".//*[@id='{group}']")
    assert found is not None
    return ["".join(text.itertext()) for text in found if text.tag.endswith("text")][1:-1]


def test_every_frame_shows_its_whole_text_and_its_button() -> None:
    picture = drawn(Frame(1.0, "One", (), "Stop"), Frame(2.0, f"One\n\n{LONG}", (), "Retry"))
    assert lines(picture, "f0") == ["One", "Stop"]
    shown = lines(picture, "f1")
    assert (shown[:2], shown[-1]) == (["One", ""], "Retry")
    assert "".join(shown[2:-1]).split() == LONG.split()
    assert all(len(line) < 75 for line in shown)


def test_what_people_write_cannot_become_markup() -> None:
    picture = drawn(Frame(1.0, "a < b && c > d", (), "Retry"))
    assert lines(picture, "f0")[0] == "a < b && c > d"
    assert "Why <b> & not **b**?" in "".join(picture.itertext())


def test_formatting_is_kept_where_it_belongs() -> None:
    picture = drawn(Frame(1.0, "use git now", (Span(4, 7, "code"),), "Retry"))
    (run,) = picture.findall(".//{*}tspan")
    assert (run.text, run.get("class")) == ("git", "c")


def test_one_frame_follows_the_other_without_a_gap() -> None:
    text = svg(Recording("Why?", (Frame(1.0, "One", (), "Stop"), Frame(3.0, "One two", (), "Retry"))))
    total = 3.0 + HOLD
    changes = {
        name: re.findall(r"([\d.]+)% \{ visibility: (\w+)", steps)
        for name, steps in re.findall(r"@keyframes k-(\w+) \{ (.*) \}\n", text)
    }
    first, second = f"{100 / total:.3f}", f"{300 / total:.3f}"
    assert changes["typing"][:2] == [("0.000", "visible"), (first, "hidden")]
    assert changes["f0"][1:3] == [(first, "visible"), (second, "hidden")]
    assert changes["f1"][1:] == [(second, "visible"), ("100", "visible")]


def test_where_nothing_moves_the_end_is_seen() -> None:
    text = svg(Recording("Why?", (Frame(1.0, "One", (), "Stop"), Frame(3.0, "One two", (), "Retry"))))
    at_rest = dict(re.findall(r"  #(\w+) \{ visibility: (\w+);", text))
    assert at_rest == {"typing": "hidden", "f0": "hidden", "f1": "visible"}
