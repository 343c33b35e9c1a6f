"""Draws the README's picture from a real conversation: `python -m benchmarks.picture`.

The bot runs as a process of its own against the fake Telegram and a scripted model. What the screen showed, and when,
becomes docs/streamed-chat.svg.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.drawing import ENTITIES, Frame, Recording, Span, svg
from benchmarks.places import opened
from benchmarks.process import ROOT, running
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_script import Script
from tests.fakes.screen import Screen, Shown, Version

PICTURE = ROOT / "docs" / "streamed-chat.svg"

QUESTION = "Undo my last commit, but keep the changes?"
ANSWER = """One command does that:

```sh
git reset --soft HEAD~1
```

Your files stay **as they are**, and all that was in the commit is staged again.

- To unstage it as well, leave out `--soft`.
- If you have pushed it already, use `git revert HEAD` instead: it adds a commit that takes the change back, \
so nobody else's history breaks.

Look at the result with `git status`."""
CHUNK = 4
PACE = 1 / 22
FIRST_CHUNK = 0.7


async def record() -> Recording:
    """One question and its answer, as a person in a private chat sees it."""
    model = OpenAIFake(lambda _: Script.of(ANSWER, CHUNK, pace=PACE, first_delay=FIRST_CHUNK))
    with tempfile.TemporaryDirectory() as folder:
        async with model, opened("telegram private") as place:
            spot = place.open(0)
            async with running(place.environment, model, Path(folder) / "picture.db"):
                await place.ready()
                asked = asyncio.get_running_loop().time()
                place.ask(spot, QUESTION)
                await spot.screen.until(_answered)
    (shown,) = spot.screen.by_bot()
    assert spot.screen.typing[0] < shown.versions[0].at, "the drawing shows the typing sign first"
    return Recording(QUESTION, tuple(_frames(shown, asked)))


def _answered(screen: Screen) -> bool:
    return any(label == "Retry" for shown in screen.by_bot() for label, _ in shown.buttons)


def _frames(shown: Shown, asked: float) -> list[Frame]:
    return [
        Frame(version.at - asked, version.text, _spans(version), " ".join(label for label, _ in version.buttons))
        for version in shown.versions
    ]


def _spans(version: Version) -> tuple[Span, ...]:
    """The formatting. Telegram counts UTF-16 units, which for this text are its characters."""
    assert all(ord(character) < 0x10000 for character in version.text)
    return tuple(
        Span(entity["offset"], entity["offset"] + entity["length"], ENTITIES[entity["type"]])
        for entity in version.raw["entities"]
        if entity["type"] in ENTITIES
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg(asyncio.run(record())), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)} is drawn")
