"""The text of a PDF, in the sandbox: `CHARACTERS SECONDS`, of which the seconds are of work."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

from pypdf import PdfReader
from pypdf.errors import DependencyError

from bot.errors import FileUnreadable
from bot.media.child import Facts, serve
from bot.media.texts import cleaned


def work(data: bytes, arguments: Sequence[str]) -> tuple[Facts, bytes]:
    characters, seconds = map(int, arguments)
    pages = _opened(data).pages
    count = len(pages)
    found: list[str] = []
    length = read = failed = 0
    while read < count and length <= characters and time.process_time() < seconds:
        try:
            text = cleaned(pages[read].extract_text()).strip()
        except (MemoryError, RecursionError):
            raise
        except Exception:  # one broken page does not spoil the others
            text, failed = "", failed + 1
        read += 1
        if text:
            found.append(text)
            length += len(text) + 2
    whole = "\n\n".join(found)
    if not whole:
        raise FileUnreadable("no page can be read" if failed else "no text, perhaps pictures of pages")
    text = whole[:characters]
    facts = {"pages": count, "left_out": len(whole) - len(text), "pages_left_out": count - read + failed}
    return facts, text.encode()


def _opened(data: bytes) -> PdfReader:
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        try:
            opened = reader.decrypt("")  # those that only may not be changed or printed open without a password
        except (DependencyError, NotImplementedError) as error:
            raise FileUnreadable("encrypted in a way that is not supported") from error
        if not opened:
            raise FileUnreadable("protected by a password")
    return reader


if __name__ == "__main__":
    serve(work)
