"""The gateway against a server that others wrote: aimock (MIT), from the npm registry.

Skipped where Node, npm or the registry is missing. The package stays in a folder of the system's for temporary files.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from bot.domain.events import Finished, Started, TextDelta, UsageSeen
from bot.domain.media import ImageRequest, Painted, Picture, Sound, SpeechRequest, TranscriptionRequest
from bot.domain.prompts import ChatRequest, PromptMessage
from bot.errors import KeyRefused, UnknownModel
from bot.llm.gateway import Gateway
from bot.llm.providers import Provider
from tests.fakes.openai_media_files import picture, tone

PACKAGE = "@copilotkit/aimock"
VERSION = "1.43.0"
OLDEST_NODE = (20, 15)
KEY = "independent-key"

MADE = picture("made", 64, 64)
CHANGED = picture("changed", 64, 64)
INPUT = Picture(picture("input", 64, 64), "image/png", 64, 64)
WORDS = "Streams are read by our own decoder, whoever sends them. "
FIXTURES: list[dict[str, Any]] = [
    {"match": {"endpoint": "chat", "userMessage": "hello"}, "response": {"content": WORDS * 5}},
    {
        "match": {"endpoint": "image", "userMessage": "make a cat"},
        "response": {"image": {"b64Json": base64.b64encode(MADE).decode()}},
    },
    {
        "match": {"endpoint": "image", "userMessage": "give it a hat"},
        "response": {"images": [{"b64Json": base64.b64encode(CHANGED).decode()}] * 2},
    },
    {"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": "What was said."}}},
    {
        "match": {"endpoint": "speech", "userMessage": "Say this."},
        "response": {"audio": base64.b64encode(tone("opus")).decode(), "format": "opus"},
    },
]


def run(*words: str, timeout: float, **fields: Any) -> str:
    """The output of a program; skips the test when it cannot do its work."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False, **fields)
    except (OSError, subprocess.TimeoutExpired) as problem:
        pytest.skip(f"{words[0]}: {type(problem).__name__}")
    if done.returncode != 0:
        pytest.skip(f"{words[0]} failed: {done.stderr.strip().partition(chr(10))[0]}")
    return str(done.stdout)


@pytest.fixture(scope="module")
def program() -> Path:
    """The installed server; the first run installs it."""
    node = tuple(int(number) for number in re.findall(r"\d+", run("node", "--version", timeout=10))[:2])
    if node < OLDEST_NODE:
        pytest.skip(f"Node is older than {'.'.join(map(str, OLDEST_NODE))}")
    home = Path(tempfile.gettempdir()) / f"parley-aimock-{VERSION}-{os.getuid()}"
    if not home.exists():
        fresh = tempfile.mkdtemp(prefix=f"{home.name}-")
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--loglevel=error")
        try:
            run("npm", "install", "--prefix", fresh, *quiet, f"{PACKAGE}@{VERSION}", timeout=40, cwd=fresh)
            Path(fresh).rename(home)
        except OSError:  # another run was quicker
            pass
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    assert home.stat().st_uid == os.getuid(), f"{home} is somebody else's"
    return home / "node_modules" / PACKAGE / "dist" / "cli.js"


@pytest.fixture(scope="module")
def address(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the server listens, on a port that the system chose."""
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}))
    options = ("-h", "127.0.0.1", "-p", "0", "-f", str(fixtures), "-l", "1", "--validate-on-load")
    environment = {"PATH": os.environ["PATH"], "AIMOCK_API_KEYS": KEY}
    with subprocess.Popen(
        ["node", str(program), *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as server:
        try:
            yield listening(server)
        finally:
            server.kill()


def listening(server: subprocess.Popen[str]) -> str:
    """The address that the server names when it is ready; the suite's time limit bounds the wait."""
    assert server.stdout is not None
    seen = []
    for line in server.stdout:
        seen.append(line)
        if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError(f"the server ended: {''.join(seen)}")


@pytest.fixture
def provider(address: str) -> Provider:
    return Provider("peer", f"{address}/v1", KEY)


async def test_a_streamed_chat(provider: Provider) -> None:
    request = ChatRequest("peer/gpt-6-luna", (PromptMessage("user", "hello"),))
    async with Gateway([provider]) as gateway, aclosing(gateway.stream(request)) as events:
        seen = [event async for event in events]
    texts = [event.text for event in seen if isinstance(event, TextDelta)]
    assert "".join(texts) == WORDS * 5
    assert len(texts) > 1
    assert (seen[0], seen[-1]) == (Started("peer/gpt-6-luna"), Finished("stop"))
    assert any(isinstance(event, UsageSeen) for event in seen)


async def test_pictures(provider: Provider) -> None:
    """It answers with JSON although the model's profile has a stream asked for."""
    make = ImageRequest("peer/gpt-image-2", "make a cat", size="1024x1024")
    change = ImageRequest("peer/gpt-image-2", "give it a hat", count=2, pictures=(INPUT, INPUT))
    async with Gateway([provider]) as gateway:
        async with aclosing(gateway.paint(make)) as events:
            assert [event async for event in events] == [Painted(MADE)]
        async with aclosing(gateway.paint(change)) as events:
            assert [event async for event in events] == [Painted(CHANGED)] * 2


async def test_a_recording(provider: Provider) -> None:
    request = TranscriptionRequest("peer/gpt-transcribe", Sound(tone(), "voice.ogg", "audio/ogg"), "en", "Parley")
    async with Gateway([provider]) as gateway:
        assert await gateway.transcribe(request) == "What was said."


async def test_speech(provider: Provider) -> None:
    async with Gateway([provider]) as gateway:
        sound = await gateway.speak(SpeechRequest("peer/gpt-4o-mini-tts", "Say this."))
    assert (sound.name, sound.mime, sound.data) == ("speech.ogg", "audio/ogg", tone("opus"))


async def test_errors(address: str, provider: Provider) -> None:
    async with Gateway([provider]) as gateway:
        with pytest.raises(UnknownModel):
            await gateway.speak(SpeechRequest("peer/gpt-4o-mini-tts", "Something else."))
    async with Gateway([Provider("peer", f"{address}/v1", "wrong-key")]) as gateway:
        with pytest.raises(KeyRefused):
            await gateway.speak(SpeechRequest("peer/gpt-4o-mini-tts", "Say this."))
