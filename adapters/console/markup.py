"""Markdown on a terminal: nothing that the model wrote is lost, least of all `List<String>` and `\\(x\\)`."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from rich import markdown
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

THEME = Theme(
    {
        "markdown.h1": "bold cyan",
        "markdown.h1.border": "none",
        "markdown.h2": "bold cyan",
        "markdown.h3": "bold",
        "markdown.h4": "bold",
        "markdown.h5": "bold",
        "markdown.h6": "bold",
        "markdown.code": "cyan",
        "markdown.code_block": "none",
        "markdown.block_quote": "dim",
        "markdown.hr": "dim",
        "markdown.item.bullet": "cyan",
        "markdown.item.number": "cyan",
        "markdown.link": "none",
        "markdown.link_url": "underline",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
"""Names of the terminal's own colours, so that light and dark backgrounds both stay readable."""

_CODE_INDENT = 2
_MATH = frozenset({r"\(", r"\)", r"\[", r"\]"})


@cache
def parser() -> MarkdownIt:
    """CommonMark with tables and strike-through; HTML, images and link definitions stay text, and so does math."""
    made = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable(["image", "reference"])
    made.inline.ruler.before("escape", "math_brackets", _math_brackets)
    return made


def _math_brackets(state: StateInline, silent: bool) -> bool:
    pair = state.src[state.pos : state.pos + 2]
    if pair not in _MATH:
        return False
    if not silent:
        state.pending += pair
    state.pos += 2
    return True


def code_lines(code: str, language: str) -> list[Text]:
    """The lines of a code block with syntax colours."""
    lines = Syntax(code, language or "text", theme="ansi_dark", background_color="default").highlight(code)
    wanted = code.count("\n") + 1
    return list(lines.split("\n", allow_blank=True))[:wanted]


def code_row(line: Text) -> Padding:
    """One line of code, indented; what is too long goes on in the next row."""
    row = line.copy()
    row.no_wrap, row.overflow = False, "fold"
    return Padding(row, (0, 0, 0, _CODE_INDENT))


def language_of(info: str) -> str:
    """The language that a fence names."""
    return info.split()[0] if info.split() else ""


class _Heading(markdown.Heading):
    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = {}


class _CodeBlock(markdown.CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in code_lines(self.text.plain.rstrip("\n"), self.lexer_name):
            yield code_row(line)


class _HorizontalRule(markdown.HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"))


class _ListItem(markdown.ListItem):
    def render_number(self, console: Console, options: ConsoleOptions, number: int, last_number: int) -> RenderResult:
        """With a full stop behind the number, as it is written."""
        segments = list(super().render_number(console, options, number, last_number))
        if segments and isinstance(segments[0], Segment):
            segments[0] = Segment(f"{number}. ".rjust(len(segments[0].text)), segments[0].style)
        return segments


class ChatMarkdown(markdown.Markdown):
    """Markdown as chats write it: a line break is a line break."""

    elements: ClassVar[dict[str, type[markdown.MarkdownElement]]] = {
        **markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "hr": _HorizontalRule,
        "list_item_open": _ListItem,
    }

    def __init__(self, source: str) -> None:
        super().__init__("", hyperlinks=False)
        self.markup = source
        self.parsed = parser().parse(source)
        for token in self.parsed:
            if token.type == "inline":
                token.children = _as_written(token.children or [])


def _as_written(tokens: list[Token]) -> list[Token]:
    """Line breaks kept, and a link that shows its own address shown once."""
    written: list[Token] = []
    at = 0
    while at < len(tokens):
        if _shows_its_address(tokens[at : at + 3]):
            written.append(tokens[at + 1])
            at += 3
            continue
        written.append(Token("hardbreak", "br", 0) if tokens[at].type == "softbreak" else tokens[at])
        at += 1
    return written


def _shows_its_address(tokens: list[Token]) -> bool:
    """Whether this is a whole link, and its text is its address."""
    if [token.type for token in tokens] != ["link_open", "text", "link_close"]:
        return False
    return str(tokens[0].attrs.get("href", "")).removeprefix("mailto:") == tokens[1].content
