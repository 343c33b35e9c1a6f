"""The console on a real pseudo-terminal: what a person at the keyboard sees and can do."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.console.glass import Glass

ROOT = Path(__file__).parents[3]
CTRL_C, CTRL_D, UP = b"\x03", b"\x04", b"\x1b[A"


@dataclass(slots=True)
class Desk:
    """A person's end of the terminal."""

    keyboard: int
    process: asyncio.subprocess.Process
    glass: Glass
    seen: list[str] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")())

    def read(self) -> None:
        """Take what the program wrote; each look of the screen is kept in `seen`."""
        try:
            data = os.read(self.keyboard, 65536)
        except OSError:  # the program is gone
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.keyboard)
        self.glass.feed(self._decoder.decode(data))
        self.seen.append(self.glass.text)
        self._changed.set()

    def types(self, keys: str | bytes) -> None:
        os.write(self.keyboard, keys if isinstance(keys, bytes) else keys.encode())

    async def sees(self, *texts: str) -> None:
        """Wait until all of this is on the screen."""
        await self.until(lambda: all(text in self.glass.text for text in texts), f"{texts}")

    async def is_asked(self) -> None:
        """Wait until the last line is an empty prompt."""
        await self.until(lambda: self.glass.cursor_line in ("❯", ">"), "a prompt")

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(15):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{what} never came; the screen shows:\n{self.glass.text}") from None

    async def ends(self) -> None:
        """Wait until the program has ended well, with the terminal as it was."""
        async with asyncio.timeout(15):
            assert await self.process.wait() == 0
        assert termios.tcgetattr(self.keyboard)[3] & termios.ECHO


@asynccontextmanager
async def terminal(columns: int = 80, rows: int = 24, here: Path = ROOT, **environment: str) -> AsyncIterator[Desk]:
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    surroundings = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.unit.console.at_terminal",
        stdin=screen,
        stdout=screen,
        stderr=screen,
        cwd=here,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        env={**surroundings, **environment},
    )
    desk = Desk(keyboard, process, Glass(columns, rows))
    asyncio.get_running_loop().add_reader(keyboard, desk.read)
    try:
        await desk.is_asked()
        yield desk
    finally:
        asyncio.get_running_loop().remove_reader(keyboard)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(screen)
        os.close(keyboard)


async def test_an_answer_grows_below_the_question_and_stays_as_markdown() -> None:
    async with terminal() as desk:
        desk.types("show ## Title\\n\\nsome **bold** words\\n\\n- List<String>\r")
        await desk.sees("/retry to answer again")
        await desk.is_asked()
        desk.types(CTRL_D)
        await desk.ends()

    assert desk.glass.text == (
        "Parley. Write a message, /help, or @file. Ctrl-C stops an answer, Ctrl-D ends.\n"
        "\n"
        "❯ show ## Title\\n\\nsome **bold** words\\n\\n- List<String>\n"
        "\n"
        "Title\n"
        "\n"
        "some bold words\n"
        "\n"
        " • List<String>\n"
        "\n"
        "(/retry to answer again)\n"
        "\n"
        "❯\n"
        "ended"
    )
    assert desk.glass.cursor_shown
    assert "1" in {code for style in desk.glass.colours for code in style.split(";")}


async def test_a_sign_of_progress_stands_before_the_first_words_and_goes() -> None:
    async with terminal() as desk:
        desk.types("silence\r")
        await desk.until(lambda: desk.glass.text.endswith(" Ctrl-C stops"), "the sign")
        await desk.until(lambda: not desk.glass.cursor_shown, "a screen without a cursor")
        desk.types(CTRL_C)
        await desk.sees("Stopped.")
        await desk.is_asked()

        await desk.until(lambda: desk.glass.cursor_shown, "the cursor")
        assert desk.glass.text.count("Ctrl-C stops") == 1
        assert "says the command" not in desk.glass.text


async def test_an_answer_longer_than_the_screen_is_whole_in_the_end() -> None:
    async with terminal(columns=40, rows=10) as desk:
        desk.types("count 200\r")
        await desk.sees("/retry to answer again")
        await desk.is_asked()

    answer = desk.glass.text.partition("❯ count 200\n")[2].partition("(/retry")[0]
    assert answer.split() == [f"word{number}" for number in range(200)]
    assert any("word5" in look and "word150" not in look for look in desk.seen)


async def test_control_characters_of_the_model_are_shown_and_not_obeyed() -> None:
    async with terminal() as desk:
        desk.types("show \\x1b]0;title\\x07 \\x1b[2Jx\\x9b2J\r")
        await desk.sees("/retry to answer again")

    assert "\n␛]0;title␇ ␛[2Jx\ufffd2J\n" in desk.glass.text


async def test_ctrl_c_stops_the_answer_and_keeps_what_was_shown() -> None:
    async with terminal() as desk:
        desk.types("hang\r")
        await desk.sees("half")
        desk.types(CTRL_C)
        await desk.sees("half an answer", "Stopped.", "/retry to answer again")
        await desk.is_asked()
        desk.types("count 1\r")
        await desk.sees("word0")


async def test_ctrl_c_at_the_prompt_ends() -> None:
    async with terminal() as desk:
        desk.types("half a line")
        await desk.sees("❯ half a line")
        desk.types(CTRL_C)
        await desk.ends()


async def test_ctrl_c_twice_ends_in_the_middle_of_an_answer() -> None:
    async with terminal() as desk:
        desk.types("stubborn\r")
        await desk.until(lambda: "\nstubborn" in desk.glass.text.partition("❯ stubborn")[2], "the answer")
        desk.types(CTRL_C)
        await desk.sees("stubborn, but it heard")
        desk.types(CTRL_C)
        await desk.ends()

    assert "stubborn, but it heard and ended\n" in desk.glass.text


async def test_commands_show_what_to_type_instead_of_buttons() -> None:
    async with terminal() as desk:
        desk.types("/persona\r")
        await desk.sees("ran /persona", "(/persona use one · two · /help)")


async def test_what_is_typed_during_an_answer_waits_for_the_next_prompt() -> None:
    async with terminal() as desk:
        desk.types("hang\r")
        await desk.sees("half")
        desk.types("typed ahead")
        desk.process.send_signal(signal.SIGUSR1)
        await desk.sees("❯ typed ahead")

    assert desk.glass.text.count("typed ahead") == 1


async def test_lines_typed_before_come_back() -> None:
    async with terminal() as desk:
        desk.types("fail first\r")
        await desk.sees("It failed.")
        await desk.is_asked()
        desk.types(UP)
        await desk.until(lambda: desk.glass.cursor_line == "❯ fail first", "the line from before")


async def test_a_late_message_comes_before_the_line_that_is_being_typed() -> None:
    async with terminal() as desk:
        desk.types("late\r")
        await desk.sees("early word")
        await desk.is_asked()
        desk.types("half a line")
        await desk.sees("❯ half a line")
        desk.process.send_signal(signal.SIGUSR1)
        await desk.sees("late word")
        await desk.until(lambda: desk.glass.cursor_line == "❯ half a line", "the line again")


async def test_a_picture_is_drawn_below_its_caption_and_saved(tmp_path: Path) -> None:
    async with terminal(here=tmp_path) as desk:
        desk.types("paint A *blue* cat\r")
        await desk.sees("(/retry to answer again)")
        await desk.is_asked()

    answer = desk.glass.text.partition("❯ paint A *blue* cat\n")[2].split("\n")
    assert answer == [
        "",
        "A blue cat",
        "",
        *["▀" * 24] * 8,  # a third of the screen, and as wide as the picture then is
        "[picture saved: data/files/picture-1.png, 600 × 400]",
        "",
        *["▀" * 16] * 8,
        "[picture saved: data/files/picture-2.png, 30 × 30]",
        "",
        "(/retry to answer again)",
        "",
        "❯",
    ]
    assert {path.name for path in (tmp_path / "data" / "files").iterdir()} == {"picture-1.png", "picture-2.png"}
    assert {"38;5;21;48;5;21", "38;5;231;48;5;231"} <= desk.glass.colours


async def test_a_picture_is_at_most_60_columns_wide_and_fits_a_narrow_screen(tmp_path: Path) -> None:
    async with terminal(120, 80, tmp_path) as wide, terminal(40, 80, tmp_path) as narrow:
        for desk in (wide, narrow):
            desk.types("paint\r")
            await desk.sees("(/retry to answer again)")
    assert [line for line in wide.glass.text.split("\n") if "▀" in line] == ["▀" * 60] * 20 + ["▀" * 30] * 15
    assert [line for line in narrow.glass.text.split("\n") if "▀" in line] == ["▀" * 39] * 13 + ["▀" * 30] * 15


async def test_a_voice_is_a_line(tmp_path: Path) -> None:
    async with terminal(here=tmp_path) as desk:
        desk.types("speak\r")
        await desk.sees("❯ speak\n\n[voice saved: data/files/speech-1.ogg, 3.2 s]\n")
        await desk.is_asked()


async def test_a_file_is_dragged_in(tmp_path: Path) -> None:
    (tmp_path / "my cat.txt").write_bytes(b"meow")
    async with terminal(columns=200) as desk:
        desk.types(f"fetch {str(tmp_path).replace(' ', chr(92) + ' ')}/my\\ cat.txt \r")
        await desk.sees("document my cat.txt: b'meow'")


ASCII = {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm"}, ASCII])
async def test_a_picture_is_not_drawn_where_it_could_not_be_seen(tmp_path: Path, environment: dict[str, str]) -> None:
    async with terminal(80, 24, tmp_path, **environment) as desk:
        desk.types("paint\r")
        await desk.sees("[picture saved: data/files/picture-2.png")
    assert "▀" not in desk.glass.text
    assert not any(style.count(";") > 1 for style in desk.glass.colours)


async def test_without_colour_there_is_none() -> None:
    async with terminal(NO_COLOR="1") as desk:
        desk.types("show `code` **bold**\r")
        await desk.sees("code bold")

    codes = {code for style in desk.glass.colours for code in style.split(";")}
    assert not codes & {str(code) for code in (*range(30, 50), *range(90, 108))}


async def test_a_terminal_that_can_do_nothing_gets_plain_text() -> None:
    async with terminal(TERM="dumb") as desk:
        desk.types("show **bold**\r")
        await desk.sees("\n**bold**\n")
        await desk.is_asked()

    assert desk.glass.colours == set()
