"""Markdown as Telegram shows it: text with entities, no parse mode, nothing lost."""

from __future__ import annotations

from adapters.telegram.document import Document
from adapters.telegram.parser import make_parser, too_deep
from adapters.telegram.spans import Rendered
from bot.domain.text import clean


class Markup:
    """Renders Markdown; holds the parser, whose set-up takes a while. Any text can be rendered."""

    def __init__(self) -> None:
        self._parser = make_parser()

    def render(self, source: str) -> Rendered:
        """Text and entities. What has no visible rendering, such as a lone fence, is shown as it is."""
        source = clean(source)
        tokens = self._parser.parse(source)
        if too_deep(tokens):
            return Rendered(source.strip())
        rendered = Document().render(tokens)
        return rendered if rendered.text else Rendered(source.strip())
