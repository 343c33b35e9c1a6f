"""What is done for the transcript of each command: something right and something wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from PIL import Image

from benchmarks.brushes import jpeg
from benchmarks.lake import lake
from benchmarks.lighthouse import lighthouse
from benchmarks.speech import spoken
from benchmarks.stage import Stage
from tests.e2e.side import Sent
from tests.fakes.openai_media_script import MediaScript
from tests.fakes.openai_script import Script

SKY = "Air scatters blue light more than red, so blue reaches your eyes from everywhere."
SEA = "It takes up red light and gives back the blue; what is left of the sky adds to it."
RETRY = "[Retry]"
PICK = "[Go on with this one]"
PICTURE = "(picture)"


@dataclass(frozen=True, slots=True)
class Scene:
    """`answers`: what the model says to questions that hold a key."""

    play: Callable[[Stage], Awaitable[None]]
    answers: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


# Talk


async def _help(stage: Stage) -> None:
    await stage.say("/help export")
    await stage.say("/help exprt")
    await stage.say("/help")


async def _start(stage: Stage) -> None:
    await stage.say("/start")


async def _ask(stage: Stage) -> None:
    await stage.say("/ask why is the sky blue?", SKY)
    await stage.say("/ask")


async def _new(stage: Stage) -> None:
    await stage.say("My cat is called Ada.", RETRY)
    await stage.say("/new")
    await stage.say("What is my cat called?", RETRY)
    await stage.say("/new please")


async def _stop(stage: Stage) -> None:
    stage.world.model.answers.append(Script(["Once upon a time", " there was a king"], stall_after=1))
    await stage.begin("Tell me a long story", "Once upon a time")
    await stage.say("/stop", "Stopped.", RETRY)
    await stage.say("/stop")


async def _retry(stage: Stage) -> None:
    await stage.say("/retry")
    await stage.say("Why is the sky blue?", RETRY)
    stage.world.model.answers.append(Script.of("Because of Rayleigh scattering."))
    await stage.say("/retry gpt-4.1-mini", "[Retry] [‹ 1]")
    await stage.press("‹ 1", "[2 ›]")
    await stage.say("/retry gpt-41-mini", "Did you mean")


async def _compare(stage: Stage) -> None:
    await stage.say("/compare personas=teacher,kindergarten Why is the sky blue?", PICK, PICK)
    await stage.press("Go on with this one", "kindergarten counts")
    await stage.say("/compare personas=teacher Why is the sky blue?")


# Personas


async def _persona_use(stage: Stage) -> None:
    await stage.say("/persona use teacher")
    await stage.say("/persona use teacher+translator")
    await stage.say("/persona use teecher")


async def _persona_list(stage: Stage) -> None:
    await stage.say("/persona list")
    await stage.say("/persona lists")


async def _persona_show(stage: Stage) -> None:
    await stage.say("/persona")
    await stage.say("/persona show translator")
    await stage.say("/persona show pirate")


async def _persona_create(stage: Stage) -> None:
    await stage.say('/persona create pirate description="Salty" You are a pirate. Answer in one salty sentence.')
    await stage.say("/persona create captain")
    await stage.say("/persona create teacher You teach.")


async def _persona_edit(stage: Stage) -> None:
    await stage.say("/persona create pirate You are a pirate.")
    await stage.say("/persona edit pirate You are a polite pirate.")
    await stage.say("/persona edit teacher You are strict.")


async def _persona_delete(stage: Stage) -> None:
    await stage.say("/persona create pirate You are a pirate.")
    await stage.say("/persona use pirate")
    await stage.say("/persona delete pirate")
    await stage.say("/persona delete pirate")


async def _persona_reset(stage: Stage) -> None:
    await stage.say("/persona use teacher")
    await stage.say("/persona reset")
    await stage.say("/persona reset all")


# Models


async def _model(stage: Stage) -> None:
    await stage.say("/model")
    await stage.say("/model gpt-6-luna")
    await stage.say("/model gpt-4.1-mni")


async def _preset(stage: Stage) -> None:
    await stage.say("/preset")
    await stage.say("/preset factual")
    await stage.say("/preset wild")


async def _set(stage: Stage) -> None:
    await stage.say("/set temperature 0.4")
    await stage.say("/set")
    await stage.say("/set temperature 9")


async def _settings(stage: Stage) -> None:
    await stage.say("/settings")
    await stage.press("While I answer")
    await stage.press("questions are merged")
    await stage.say("/settings busy never")


# Images and speech


async def _imagine(stage: Stage) -> None:
    _paints(stage, 1)
    await stage.say("/imagine a lighthouse in a storm", PICTURE, "[Again]")
    _paints(stage, 2)
    await stage.say("/imagine count=2 size=1024x1024 the same by night", PICTURE, PICTURE, "[Again]")
    await stage.say("/imagine size=100x100 a lighthouse")


def _paints(stage: Stage, count: int) -> None:
    picture = jpeg(lighthouse().resize((64, 48)))
    stage.world.model.media_answers.append(MediaScript.of("", pictures=[picture] * count, sketches=[]))


async def _describe(stage: Stage) -> None:
    view: Image.Image = lake().resize((640, 480))
    await stage.send(Sent("photo", jpeg(view)), "a photo of a lake", "/describe", "A lake")
    await stage.say("/describe")


async def _transcribe(stage: Stage) -> None:
    words = "Eggs, spinach and half a block of feta."
    stage.world.model.media_answers.append(MediaScript.of("", call="audio/transcriptions", words=words))
    await stage.send(Sent("voice", spoken(2.5, seed=3), seconds=3), "a voice note", "/transcribe", words)
    await stage.say("/transcribe")


async def _speak(stage: Stage) -> None:
    stage.world.model.media_answers.append(MediaScript.of("", call="audio/speech", sound=spoken(1.5, seed=8)))
    await stage.say("/speak Good morning, everybody!", "Good morning", "(voice note)")
    await stage.say("/speak")


async def _voice(stage: Stage) -> None:
    await stage.say("/voice")
    await stage.say("/voice coral")
    await stage.say("/voice off please")


# Data


async def _usage(stage: Stage) -> None:
    await stage.say("Why is the sky blue?", RETRY, who="Bob")
    await stage.say("/usage", PICTURE, who="Bob")
    await stage.say("/usage person")
    await stage.say("/usage person", who="Bob")


async def _export(stage: Stage) -> None:
    await stage.say("/export")
    await stage.say("Why is the sky blue?", RETRY)
    await stage.say("/export", "(file conversation.md)")
    await stage.say("/export pdf")


async def _forget(stage: Stage) -> None:
    await stage.say("Why is the sky blue?", RETRY)
    await stage.say("/forget")
    await stage.press("Delete")
    await stage.say("/forget everything")


# For admins


async def _allow(stage: Stage) -> None:
    await stage.say("Hello?", who="Bob")
    await stage.say(f"/allow {stage.people['Bob'].handle}")
    await stage.say("/allow list")
    await stage.say("/allow bob")
    await stage.say("/allow list", who="Bob")


async def _deny(stage: Stage) -> None:
    await stage.say("/deny telegram:666")
    await stage.say("/deny telegram:666 remove")
    await stage.say(f"/deny {stage.people['Ann'].handle}")


async def _budget(stage: Stage) -> None:
    await stage.say("/budget everyone 1k tokens day")
    await stage.say("/budget total $5 month")
    await stage.say("/budget")
    await stage.say("/budget everyone lots")
    await stage.say("/budget everyone none")


async def _status(stage: Stage) -> None:
    await stage.say("/status")
    await stage.say("/status", who="Bob")


async def _claim(stage: Stage) -> None:
    await stage.say("/claim AAAA-AAAA")
    await stage.say(f"/claim {stage.claim_code}")


_SKY = MappingProxyType({"sky blue": SKY})

SCENES: Mapping[str, Scene] = MappingProxyType(
    {
        "help": Scene(_help),
        "start": Scene(_start),
        "ask": Scene(_ask, _SKY),
        "new": Scene(
            _new, {"called Ada": "A fine name for a cat.", "is my cat": "You have not told me what your cat is called."}
        ),
        "stop": Scene(_stop),
        "retry": Scene(_retry, _SKY),
        "compare": Scene(
            _compare,
            {
                "patient teacher": "Sunlight is a mix of colours, and air scatters the blue part most. Which colour, "
                "then, is left when the sun stands low?",
                "small children": "The air loves to play with blue light and throws it all around, like a ball!",
            },
        ),
        "persona use": Scene(_persona_use),
        "persona list": Scene(_persona_list),
        "persona show": Scene(_persona_show),
        "persona create": Scene(_persona_create),
        "persona edit": Scene(_persona_edit),
        "persona delete": Scene(_persona_delete),
        "persona reset": Scene(_persona_reset),
        "model": Scene(_model),
        "preset": Scene(_preset),
        "set": Scene(_set),
        "settings": Scene(_settings),
        "imagine": Scene(_imagine),
        "describe": Scene(_describe, {"Describe this image": "A lake between dark hills after sunset, and a lit hut."}),
        "transcribe": Scene(_transcribe),
        "speak": Scene(_speak),
        "voice": Scene(_voice),
        "usage": Scene(_usage, _SKY, {"daily_tokens_per_user": 20_000}),
        "export": Scene(_export, _SKY),
        "forget": Scene(_forget, _SKY),
        "allow": Scene(_allow, settings={"allowed": ()}),
        "deny": Scene(_deny),
        "budget": Scene(_budget),
        "status": Scene(_status),
        "claim": Scene(_claim, settings={"admins": ()}),
    }
)
"""By the path of the command."""
