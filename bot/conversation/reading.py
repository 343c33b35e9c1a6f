"""What of a Markdown text is read aloud. Pure."""

from __future__ import annotations

import re

LONGEST_TEXT = 4096
"""Characters that one request may have spoken (OpenAI's API reference, audio/speech)."""

# One that is not closed goes on to the end, as in Markdown.
_FENCE = re.compile(r"^[ \t]*+(```|~~~).*?(?:^[ \t]*+\1[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*+)\]\((?:[^()]|\([^()]*+\))*+\)")
_MARKS = re.compile(
    r"^[ \t]*(?:#{1,6}|[-*+]|>|\d{1,2}\.)[ \t]+"  # titles, lists, quotes
    r"|(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)"  # emphasis, but neither 2*3 nor a_name
    r"|~~|[`|]+",
    re.MULTILINE,
)


def speakable(text: str) -> str:
    """No code blocks, no marks, no addresses; all of it where nothing else would be left."""
    plain = _LINK.sub(r"\1", _FENCE.sub("", text))
    return _MARKS.sub("", plain).strip() or text.strip()


def beginning(words: str) -> str:
    """As much of it as one request may speak, up to the end of a sentence where there is one."""
    if len(words) <= LONGEST_TEXT:
        return words
    end = max(words.rfind(mark, 0, LONGEST_TEXT) for mark in (". ", "! ", "? ", "\n"))
    return words[: end + 1 if end > 0 else LONGEST_TEXT].rstrip()
