"""Pictures in the sandbox: `prepare SIDE`, `png` and `check`."""

from __future__ import annotations

from collections.abc import Sequence

from bot.media.child import Facts, serve
from bot.media.drawing import as_png, checked, prepared
from bot.media.opening import open_picture


def work(data: bytes, arguments: Sequence[str]) -> tuple[Facts, bytes]:
    picture = open_picture(data)
    match arguments:
        case ["prepare", side]:
            made = prepared(picture, int(side))
            return {"mime": made.mime, "width": made.width, "height": made.height}, made.data
        case ["png"]:
            return {}, as_png(picture)
        case ["check"]:
            checked(picture)
            return {}, b""
    raise ValueError(arguments)


if __name__ == "__main__":
    serve(work, files=200_000_000)  # they are in memory
