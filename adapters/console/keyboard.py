"""A person at a terminal: a prompt with line editing, and no echo while it is not their turn."""

from __future__ import annotations

import sys
import termios
from types import ModuleType

readline: ModuleType | None
try:
    import readline
except ImportError:  # not every Python is built with it; the terminal itself then edits the line
    readline = None

_DIM, _ACCENT, _PLAIN = "\x1b[2m", "\x1b[1;36m", "\x1b[0m"


class Keyboard:
    """The terminal behind `sys.stdin` and `sys.stdout`, from entering to leaving.

    What is typed while an answer runs waits unseen for the next prompt.
    """

    def __init__(self, welcome: str, *, styled: bool) -> None:
        self._styled = styled
        self._welcome = self._in_style(_DIM, welcome)
        self._sign = "❯ " if "utf" in sys.stdout.encoding.lower() else "> "
        self._asking = False
        self._modes = termios.tcgetattr(sys.stdin)

    def __enter__(self) -> Keyboard:
        self._echo(on=False)
        print(self._welcome, flush=True)
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the terminal as it was found, even while a thread still waits for a line."""
        if self._asking:
            print(flush=True)
        self._asking = False
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._modes)

    def read(self) -> str | None:
        """Ask for a line; blocks. None when the person ends the input (Ctrl-D)."""
        print(flush=True)
        self._asking = True
        self._echo(on=True)
        try:
            line = input(self._prompt())
        except EOFError:
            return None
        except UnicodeDecodeError:  # bytes of another encoding, from a paste
            line = ""
        self._asking = False
        self._echo(on=False)
        return line

    def asking(self) -> str:
        """The prompt with what is typed so far, to draw it again; empty when nothing is asked."""
        if not self._asking:
            return ""
        return self._in_style(_ACCENT, self._sign) + (readline.get_line_buffer() if readline else "")

    def _prompt(self) -> str:
        """The prompt for `input`; readline must be told which characters take no room."""
        if readline is None or not self._styled:
            return self._in_style(_ACCENT, self._sign)
        return f"\x01{_ACCENT}\x02{self._sign}\x01{_PLAIN}\x02"

    def _in_style(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._styled else text

    def _echo(self, *, on: bool) -> None:
        modes = termios.tcgetattr(sys.stdin)
        modes[3] = modes[3] | termios.ECHO if on else modes[3] & ~termios.ECHO
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, modes)
