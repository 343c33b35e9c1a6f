"""Draws the README's pictures from real conversations: `python -m benchmarks.picture`, or with the names of some.

Each shows what was on the fake Telegram's screen while the bot, a process of its own, answered through a model that
follows a script. `usage` is the chart of `/usage`, as the bot draws it.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from PIL import Image

from benchmarks.brushes import jpeg, painted
from benchmarks.bubbles import Look
from benchmarks.drawing import Recording, svg
from benchmarks.lake import lake
from benchmarks.lighthouse import lighthouse
from benchmarks.process import ROOT
from benchmarks.recording import chatting, note_of, shrunk
from benchmarks.speech import spoken
from bot.domain.usage import DaySpent, Spent
from bot.media.chart import Charts
from bot.media.workshop import Workshop
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script
from tests.fakes.screen import Shown

FOLDER = ROOT / "docs"
CHUNK = 4
PACE = 1 / 22
FIRST_CHUNK = 0.7

# Words


async def words() -> Recording:
    question = "Undo my last commit, but keep the changes?"
    answer = """One command does that:

```sh
git reset --soft HEAD~1
```

Your files stay **as they are**, and all that was in the commit is staged again.

- To unstage it as well, leave out `--soft`.
- If you have pushed it already, use `git revert HEAD` instead: it adds a commit that takes the change back, \
so nobody else's history breaks.

Look at the result with `git status`."""
    async with chatting(_saying(answer), {}) as chat:
        frames = await chat.frames(lambda: chat.say(question), _answered)
        assert chat.typing_before(frames), "the drawing shows the typing sign first"
    title = "A chat in which an answer grows on screen while the model writes it"
    return Recording(title, Look(question), frames)


# A photo


async def photo() -> Recording:
    question = "Evening or morning? I forgot when I took this."
    answer = """Most likely an **evening**:

- The light is behind the ridge on the left and the first stars are out: the sun has just gone down.
- The windows of the hut are lit, and its chimney smokes. Before sunrise that would be an early riser.
- No mist on the water. On a cold, clear morning a lake like this one would be steaming.

If you looked **north** over the lake, it is certain: the west was on your left."""
    sent = jpeg(lake())
    async with chatting(_saying(answer), {}) as chat:
        frames = await chat.frames(lambda: chat.send("photo", sent, question), _answered)
        assert chat.typing_before(frames)
    title = "A chat in which a photo and a question about it are answered"
    return Recording(title, Look(question, photo=shrunk(sent)), frames, "photo")


# A voice note


async def voice() -> Recording:
    heard = "I have eggs, spinach, half a block of feta, and fifteen minutes. What can I cook?"
    answer = """**A frittata**, done in twelve minutes:

1. Wilt the spinach in a pan with a little oil.
2. Beat four eggs, crumble in the feta, and pour both over it.
3. Lid on, low heat, eight minutes, until the middle has set.

Go easy on the salt: the feta brings its own."""
    sent = spoken(7.4, seed=3)
    model = _saying(answer)
    model.media_answers = [
        MediaScript.of("", call="audio/transcriptions", words=heard, header_delay=0.8),
        MediaScript.of("", call="audio/speech", sound=spoken(19.6, seed=8), header_delay=1.2),
    ]
    models = {"TRANSCRIPTION_MODEL": "fake/gpt-transcribe", "SPEECH_MODEL": "fake/gpt-4o-mini-tts"}
    async with chatting(model, models) as chat, Workshop() as workshop:
        await chat.frames(lambda: chat.say("/voice on"), bool)
        frames = await chat.frames(lambda: chat.send("voice", sent, seconds=7), _spoken)
        assert chat.typing_before(frames)
        asked = Look(note=await note_of(sent, workshop))
    title = "A chat in which a voice note is written down and answered, in words and with a voice"
    return Recording(title, asked, frames, "voice note")


# A picture to make

STROKES = ((2_500, 70, 22), (6_000, 40, 11), (14_000, 20, 5), (16_000, 11, 3))
"""Layers of brush strokes: how many, how long, how wide."""


async def imagine() -> Recording:
    order = "/imagine a lighthouse in a storm, oil on canvas"
    scene = lighthouse()
    sketches = [_begun(scene, 1), _begun(scene, 2)]
    model = OpenAIFake()
    model.media_answers = [
        MediaScript.of("", sketches=sketches, pictures=[jpeg(painted(scene, STROKES), 92)], first_delay=1.6, pace=1.9)
    ]
    async with chatting(model, {"IMAGE_MODEL": "fake/gpt-image-2"}) as chat:
        frames = await chat.frames(lambda: chat.say(order), _made)
    title = "A chat in which a picture is made: from a sketch to the picture with its buttons"
    return Recording(title, Look(order), frames, "command", typing=False)


def _begun(scene: Image.Image, layers: int) -> bytes:
    """The painting before its finer strokes."""
    return jpeg(painted(scene, STROKES[:layers]), 80)


# Personas side by side


async def compare() -> Recording:
    order = "/compare personas=engineer,kindergarten How does Wi-Fi work?"
    answers = {
        "senior software engineer": """Your laptop **modulates a radio carrier** at 2.4, 5 or 6 GHz:

- Bits become phases and amplitudes on many narrow subcarriers at once (OFDM).
- Stations listen before they send, and back off for a random time after a collision.
- The access point bridges the frames to Ethernet.""",
        "small children": """Do you know how we can call each other across the playground, without any string? \
Wi-Fi is just like that! The little box on the wall **whispers** very, very fast, and the tablet has ears \
so good that it hears every word, even through the wall.""",
    }

    def said(body: dict[str, Any]) -> Script:
        told = str(body["messages"][0]["content"])
        return Script.of(
            next(answers[key] for key in answers if key in told), CHUNK, pace=PACE, first_delay=FIRST_CHUNK
        )

    async with chatting(OpenAIFake(said), {}) as chat:
        frames = await chat.frames(lambda: chat.say(order), _compared)
    title = "A chat in which two personas answer the same question side by side"
    return Recording(title, Look(order), frames, "command", typing=False)


# What was used

DAYS = 30
COLOURS = 64
"""Enough for a chart, and half the bytes."""


async def chart() -> bytes:
    """A month of a small group, with quiet weekends."""
    chance, today = Random(4), date(2026, 11, 20)
    days: list[DaySpent] = []
    for day in (today - timedelta(back) for back in reversed(range(DAYS))):
        tokens = int(chance.uniform(4_000, 12_000) if day.weekday() > 4 else chance.uniform(18_000, 62_000))
        days.append(DaySpent(day, Spent(tokens // 900, tokens, tokens * 950)))
    with Image.open(io.BytesIO(await Charts().usage(days))) as drawn:
        buffer = io.BytesIO()
        drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


# Shared


def _saying(answer: str) -> OpenAIFake:
    return OpenAIFake(lambda _: Script.of(answer, CHUNK, pace=PACE, first_delay=FIRST_CHUNK))


def _answered(messages: Sequence[Shown]) -> bool:
    return any(label == "Retry" for shown in messages for label, _ in shown.buttons)


def _spoken(messages: Sequence[Shown]) -> bool:
    return any(file.kind == "voice" for shown in messages for file in shown.files)


def _made(messages: Sequence[Shown]) -> bool:
    return any(label == "Again" for shown in messages for label, _ in shown.buttons)


def _compared(messages: Sequence[Shown]) -> bool:
    return sum(label == "Go on with this one" for shown in messages for label, _ in shown.buttons) > 1


PICTURES: dict[str, Callable[[], Awaitable[Recording]]] = {
    "streamed-chat": words,
    "photo": photo,
    "voice-note": voice,
    "imagine": imagine,
    "compare": compare,
}
CHART = "usage"


async def draw(names: Sequence[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        data = await chart() if name == CHART else svg(await PICTURES[name]()).encode()
        path = FOLDER / f"{name}.{'png' if name == CHART else 'svg'}"
        path.write_bytes(data)
        print(f"{path.relative_to(ROOT)} is drawn: {len(data) / 1000:.0f} KB")


if __name__ == "__main__":
    asyncio.run(draw(sys.argv[1:] or [*PICTURES, CHART]))
