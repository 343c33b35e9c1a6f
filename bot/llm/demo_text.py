"""Long Markdown with everything that is hard to show in a chat, for trying the bot out."""

from __future__ import annotations

from itertools import count

_SENTENCES = (
    "A long answer has to be shown in several messages, and none of its words may be lost. ",
    "It grows while you read, as if somebody were writing it. ",
    "Headings, **bold**, *italic*, `code` and [links](https://example.org) keep their look. ",
    "Text such as List<String>, a_b_c and 2 * 3 * 4 stays as it is. ",
    "Emoji 🙂, 日本語 and العربية count in the platform's own units. ",
)

_BLOCKS = (
    "1. The first step\n2. The second step\n   - with a detail\n   - and another\n3. The last step\n\n",
    "```python\ndef greet(name: str) -> str:\n    return f\"Hello, {name}!\"\n\n\nprint(greet('world'))\n```\n\n",
    "| Platform | Limit | Unit |\n|---|---|---|\n| Telegram | 4096 | UTF-16 |\n| Discord | 2000 | characters |\n\n",
    "> What is quoted\n> may have two lines.\n\n",
)


def long_markdown(length: int) -> str:
    """Markdown of exactly `length` characters; no block is cut."""
    text = ""
    for number in count(1):
        section = _section(number)
        if len(text) + len(section) > length:
            break
        text += section
    return text + _filler(length - len(text))


def _section(number: int) -> str:
    paragraph = "".join(_SENTENCES[(number + turn) % len(_SENTENCES)] for turn in range(3))
    return f"## Part {number}\n\n{paragraph.strip()}\n\n{_BLOCKS[number % len(_BLOCKS)]}"


def _filler(length: int) -> str:
    """Plain words that end with a full stop."""
    words = "word " * (length // 5 + 1)
    return f"{words[: length - 1].rstrip().ljust(length - 1, '-')}." if length > 0 else ""
