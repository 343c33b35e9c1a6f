"""Markdown as models write it, as Markdown that Discord shows.

Discord shows most of it by itself. What it cannot show is put in words that it can: tables, headings below the third
level, rules and images; and `||`, which to a model is a logical or, must not hide text behind a spoiler. Code is never
changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adapters.discord.limits import TEXT_UNITS
from adapters.discord.tables import table, table_end
from bot.domain.text import utf16_length

# A fence may stand in a list item or a quote. An info string with a backtick makes it code within a line.
_FENCE = re.compile(r"[ \t]*+(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*+)*+(?:(`{3,}+)[^`]*|(~{3,}+).*)")
_FENCE_END = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*")
_HEADING = re.compile(r"((?:[ ]{0,3}>)*+[ ]{0,3}+)#{4,6}[ \t]++(.*)")
_RULE = re.compile(r"[ ]{0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_CODE = re.compile(r"(?<!`)(`++).*?(?<!`)\1(?!`)")
_IMAGE = re.compile(r"(?<!\\)!\[([^\[\]]*+)\](\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\))")
_LINE = "─" * 20


def render(source: str) -> str:
    """The same text for Discord."""
    return "\n".join(_rendered(source.split("\n")))


def fits(source: str) -> bool:
    """Whether one message can carry it, rendered or as it is."""
    return utf16_length(source) <= TEXT_UNITS and utf16_length(render(source)) <= TEXT_UNITS


def _rendered(lines: Sequence[str]) -> Iterator[str]:
    fence = ""
    index = 0
    while index < len(lines):
        line = lines[index]
        if fence:
            yield line
            fence = "" if _closes(line, fence) else fence
        elif opened := _FENCE.fullmatch(line):
            yield line
            fence = opened[1] or opened[2]
        elif (end := table_end(lines, index)) > index:
            yield from table(lines[index:end])
            index = end - 1
        else:
            yield _line(line)
        index += 1


def _closes(line: str, fence: str) -> bool:
    found = _FENCE_END.fullmatch(line)
    return found is not None and found[1].startswith(fence)


def _line(line: str) -> str:
    if _RULE.fullmatch(line):
        return _LINE
    if heading := _HEADING.fullmatch(line):
        text = "".join(
            piece if code else _words(piece).replace("**", "") for piece, code in _pieces(_title(heading[2]))
        )
        if not text.strip("* "):  # in bold it would be a rule
            return f"{heading[1]}{text}".rstrip().replace("*", r"\*")
        return f"{heading[1]}**{text}**"
    return "".join(piece if code else _words(piece) for piece, code in _pieces(line))


def _pieces(line: str) -> Iterator[tuple[str, bool]]:
    """The parts of a line, each with whether it is code."""
    at = 0
    for found in _CODE.finditer(line):
        yield line[at : found.start()], False
        yield found[0], True
        at = found.end()
    yield line[at:], False


def _title(text: str) -> str:
    """A heading's words, without the marks that may close it."""
    bare = text.rstrip(" \t")
    opened = bare.rstrip("#")
    return opened.rstrip(" \t") if opened.endswith((" ", "\t")) else bare


def _words(text: str) -> str:
    if "![" in text:
        text = _IMAGE.sub(lambda found: f"[{found[1]}]{found[2]}" if found[1].strip() else found[2][1:-1], text)
    return text.replace("||", "\\|\\|") if "||" in text else text
