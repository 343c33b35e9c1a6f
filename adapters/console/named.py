"""Files that a line names: `@photo.jpg`, `./photo.jpg`, or what a terminal types when a file is dragged into it. Pure.

Those are written like words of a shell: with a backslash before each blank, or in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

Find = Callable[[str], Path | None]
"""The file of this path; None when there is none."""

_WORD = re.compile(r"(?:\\.|\S)+")
_PLAIN_WORD = re.compile(r"\S+")
_SHELL_WORD = re.compile(r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+""")
_SHELL_PIECE = re.compile(r"""\\(?P<escaped>.)|'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<plain>.)""")
_ESCAPE = re.compile(r"\\(.)")

_SIGNS = ("/", "./", "../", "~/", "file://")
"""What a path begins with where no `@` says that it is one."""

_PUNCTUATION = "?!.,;:)…"


@dataclass(frozen=True, slots=True)
class Found:
    """A line without the files that it names, and these."""

    text: str
    paths: tuple[Path, ...] = ()


def take_files(line: str, find: Find) -> Found:
    """Only words that are paths of existing files are taken out; the blanks before them go along.

    A punctuation mark behind a path is no part of it, unless there is a file with such a name.
    """
    pieces: list[str] = []
    paths: list[Path] = []
    start = at = 0
    while word := _WORD.search(line, at):
        at = word.end()
        for written, end in _readings(line, word):
            if (path := find(written)) is not None:
                pieces.append(line[start : word.start()].rstrip())
                paths.append(path)
                start = at = end
                break
    if not paths:
        return Found(line)
    return Found("".join([*pieces, line[start:]]).strip(), tuple(paths))


def _readings(line: str, word: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Every path that the word can stand for, and where it ends in the line; the longest first."""
    named = word[0].startswith("@")
    if not named and not word[0].startswith(("'", '"', *_SIGNS)):
        return
    begin = word.start() + named
    for pattern in (_SHELL_WORD, _PLAIN_WORD):  # plain, because a name may have a quotation mark or a backslash in it
        match = pattern.match(line, begin)
        source = match[0] if match else ""
        for part in dict.fromkeys((source, source.rstrip(_PUNCTUATION))):
            path = _unquoted(part) if pattern is _SHELL_WORD else part
            if path and (named or path.startswith(_SIGNS)):
                yield _local(path), begin + len(part)


def _unquoted(word: str) -> str:
    return "".join(
        _ESCAPE.sub(r"\1", piece[0][1:-1]) if piece.lastgroup == "double" else piece[piece.lastgroup or 0]
        for piece in _SHELL_PIECE.finditer(word)
    )


def _local(path: str) -> str:
    """The path of a `file:` address on this machine."""
    if not path.startswith("file://"):
        return path
    host, _, rest = path.removeprefix("file://").partition("/")
    return unquote(f"/{rest}") if host in ("", "localhost") else path
