"""The drawings of chats: what is shown, when, and that nothing of it can become markup."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from benchmarks.brushes import jpeg, painted
from benchmarks.bubbles import BARS, Look, Note, Photo, height_of
from benchmarks.drawing import ANSWER, HOLD, NOTE, Frame, Recording, svg
from benchmarks.lake import lake
from benchmarks.lettering import Span
from benchmarks.lighthouse import lighthouse
from benchmarks.recording import SKETCH_WIDE, shrunk

LONG = "Every word of a long answer has to stay inside of its bubble, however wide the letters are. " * 4
STOP, RETRY = ("Stop",), ("Retry",)


def frame(at: float, text: str, buttons: tuple[str, ...] = RETRY, **parts: object) -> Frame:
    return Frame(at, (Look(text, buttons=buttons, **parts),), "sent")  # type: ignore[arg-type]  # fields of Look, by name


def recording(*frames: Frame, asked: Look | None = None) -> Recording:
    return Recording("A chat", asked or Look("Why <b> & not **b**?"), frames)


def drawn(*frames: Frame, asked: Look | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(svg(recording(*frames, asked=asked)))


def lines(picture: ElementTree.Element, group: str) -> list[str]:
    """The lines of text that a group shows, without the sign under the name and the caption."""
    found = picture.find(f".//*[@id='{group}']")
    assert found is not None
    return ["".join(text.itertext()) for text in found if text.tag.endswith("text")][1:-1]


def a_photo(width: int = 60, height: int = 40) -> Photo:
    return shrunk(jpeg(Image.new("RGB", (width, height), "navy")))


# Words


def test_every_frame_shows_its_whole_text_and_its_button() -> None:
    picture = drawn(frame(1.0, "One", STOP), frame(2.0, f"One\n\n{LONG}"))
    assert lines(picture, "f0") == ["One", "Stop"]
    shown = lines(picture, "f1")
    assert (shown[:2], shown[-1]) == (["One", ""], "Retry")
    assert "".join(shown[2:-1]).split() == LONG.split()
    assert all(len(line) < 75 for line in shown)


def test_what_people_write_cannot_become_markup() -> None:
    picture = drawn(frame(1.0, "a < b && c > d", ("<i>",)))
    assert lines(picture, "f0") == ["a < b && c > d", "<i>"]
    assert "Why <b> & not **b**?" in "".join(picture.itertext())


def test_formatting_is_kept_where_it_belongs() -> None:
    picture = drawn(frame(1.0, "use git now", spans=(Span(4, 7, "code"),)))
    (run,) = picture.findall(".//{*}tspan")
    assert (run.text, run.get("class")) == ("git", "c")


def test_each_line_of_a_quote_stands_beside_a_bar() -> None:
    picture = drawn(frame(1.0, f"{LONG.strip()}\nSo it is.", spans=(Span(0, len(LONG.strip()), "quote"),)))
    quoted = lines(picture, "f0")[:-2]
    assert len(quoted) > 3
    assert len(picture.findall(".//{*}rect[@class='quoted']")) == len(quoted)
    assert all(len(line) < 75 for line in quoted)


# Photos and voice notes


def test_a_photo_fills_its_bubble_above_the_words() -> None:
    photo = a_photo()
    picture = drawn(frame(1.0, "Blue.", photo=photo))
    (image,) = picture.findall(".//{*}image")
    assert image.get("href") == f"data:image/jpeg;base64,{base64.b64encode(photo.data).decode()}"
    sizes = [int(image.get(name) or 0) for name in ("x", "y", "width", "height")]
    assert sizes[3] == round(sizes[2] * 40 / 60)
    (words,) = (text for text in picture.findall(".//{*}g[@id='f0']/{*}text") if "".join(text.itertext()) == "Blue.")
    assert int(words.get("y") or 0) > sizes[1] + sizes[3]


def test_the_picture_is_high_enough_for_its_highest_frame() -> None:
    looks = (Look("One", photo=a_photo(40, 60), buttons=("Again", "Larger")), Look(note=Note(3.0, bytes(9))))
    picture = drawn(frame(1.0, "One"), Frame(2.0, looks, "sent"))
    assert int(picture.get("height") or 0) > height_of(looks[0], ANSWER) + height_of(looks[1], NOTE)
    lowest = max(
        float(rect.get("y") or 0) + float(rect.get("height") or 0) for rect in picture.findall(".//{*}g/{*}rect")
    )
    assert lowest < int(picture.get("height") or 0) - 30


def test_a_voice_note_is_drawn_by_its_sound() -> None:
    levels = bytes([0] * 128 + [200] * 128)
    picture = drawn(frame(1.0, "Heard."), asked=Look(note=Note(67.4, levels)))
    heights = [int(bar.get("height") or 0) for bar in picture.findall(".//{*}rect[@rx='1.5']")]
    assert len(heights) == BARS
    assert heights == [heights[0]] * (BARS // 2) + [heights[-1]] * (BARS // 2)
    assert heights[0] < heights[-1]
    assert "1:07" in "".join(picture.itertext())


def test_buttons_stand_in_one_row_as_wide_as_the_bubble() -> None:
    picture = drawn(frame(1.0, "Done", ("Again", "Change it", "Larger")))
    keys = picture.findall(".//{*}rect[@class='button']")
    assert len({key.get("y") for key in keys}) == 1
    assert float(keys[-1].get("x") or 0) + float(keys[-1].get("width") or 0) == pytest.approx(24 + ANSWER, abs=0.01)


def test_pictures_become_small_jpegs_of_the_same_shape() -> None:
    large = io.BytesIO()
    Image.new("RGBA", (1500, 1000), "teal").save(large, "PNG")
    small = shrunk(large.getvalue(), SKETCH_WIDE)
    with Image.open(io.BytesIO(small.data)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (small.width, small.height))
    assert (small.width, small.height) == (SKETCH_WIDE, 213)


def test_the_paintings_are_the_same_each_time() -> None:
    for paint in (lake, lighthouse):
        assert paint(120, 80).tobytes() == paint(120, 80).tobytes()
    scene = lighthouse(120, 80)
    assert painted(scene, [(50, 9, 3)]).tobytes() == painted(scene, [(50, 9, 3)]).tobytes()


# Times


def test_one_frame_follows_the_other_without_a_gap() -> None:
    text = svg(recording(frame(1.0, "One", STOP), frame(3.0, "One two")))
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
    text = svg(recording(frame(1.0, "One", STOP), frame(3.0, "One two")))
    at_rest = dict(re.findall(r"  #(\w+) \{ visibility: (\w+);", text))
    assert at_rest == {"typing": "hidden", "f0": "hidden", "f1": "visible"}
