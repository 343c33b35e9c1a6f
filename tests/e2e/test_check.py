"""`parley check`: one line for each thing that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.adapter import DiscordPlatform
from adapters.telegram.adapter import TelegramPlatform
from bot.app import PlatformFactory
from bot.check import Line, check
from bot.settings import Settings
from tests.fakes.discord_api import DiscordFake
from tests.fakes.openai_api import OpenAIFake
from tests.fakes.telegram_api import TelegramFake

WRONG_KEY, WRONG_TOKEN = "sk-notakeyatall", "1:notatokenatall"

OFF: Mapping[str, PlatformFactory | None] = {"telegram": None, "discord": None}


@pytest.fixture(autouse=True)
def library_as_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


def settings(tmp_path: Path, **changes: Any) -> Settings:
    chosen = {"database_url": f"sqlite:///{tmp_path}/parley.db", "chat_model": "demo/echo", **changes}
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg]  # known to the base class, not to mypy


async def lines(chosen: Settings, factories: Mapping[str, PlatformFactory | None] = OFF) -> list[Line]:
    return [line async for line in check(chosen, factories)]


async def test_all_is_well(tmp_path: Path) -> None:
    async with OpenAIFake() as model, TelegramFake() as telegram, DiscordFake() as discord:
        chosen = settings(
            tmp_path,
            providers={"fake": {"base_url": model.url, "api_key": model.key}},
            chat_model="fake/test-model",
            image_model="fake/gpt-image-2",
            speech_model="fake/gpt-4o-mini-tts",
            fallback_models=("fake/other-model",),
            admins=("telegram:1",),
            allowed=("*",),
        )
        factories: dict[str, PlatformFactory | None] = {
            "telegram": lambda notes, commands: TelegramPlatform(telegram.token, notes, commands, api_url=telegram.url),
            "discord": lambda notes, commands: DiscordPlatform(
                discord.token, notes, commands, api_url=discord.api_url, gateway_url=discord.gateway_url
            ),
        }
        found = await lines(chosen, factories)
    assert [line for line in found if not line.good] == []
    assert [line.text.split(":")[0] for line in found] == [
        "Access", "Prices", "Personas", "Database", "Provider fake", "Model fake/test-model",
        "Model fake/gpt-image-2", "Model fake/gpt-4o-mini-tts", "Model fake/other-model",
        "Pictures", "Recordings", "Speech", "Moderation", "Telegram", "Discord",
    ]  # fmt: skip
    assert {"Pictures: fake/gpt-image-2", "Recordings: off (TRANSCRIPTION_MODEL is not set)"} <= {
        line.text for line in found
    }
    assert found[0].text == "Access: 1 admins, everybody"


async def test_one_problem_does_not_hide_the_others(tmp_path: Path) -> None:
    async with OpenAIFake() as model, TelegramFake() as telegram:
        chosen = settings(
            tmp_path,
            providers={
                "fake": {"base_url": model.url, "api_key": WRONG_KEY},
                "gone": {"base_url": "http://127.0.0.1:1"},
            },
            chat_model="fake/test-model",
            allowed=("12345",),
            personas_file=tmp_path / "missing.toml",
            prices={"fake/test-model": {"inptu": 1.0}},
            database_url="nonsense://",
        )
        bad: dict[str, PlatformFactory | None] = {
            "telegram": lambda notes, commands: TelegramPlatform(WRONG_TOKEN, notes, commands, api_url=telegram.url),
            "discord": None,
        }
        found = await lines(chosen, bad)
    problems = [line.text for line in found if not line.good]
    for start in ("ALLOWED: ", "PERSONAS_FILE: ", "PRICES: ", "DATABASE_URL: ", "Provider fake: ", "Provider gone: ",
                  "Model fake/test-model: ", "Telegram: TELEGRAM_TOKEN: "):  # fmt: skip
        assert any(text.startswith(start) for text in problems), start
    assert WRONG_KEY not in "".join(problems)
    assert WRONG_TOKEN not in "".join(problems)
    assert found[-1] == Line(True, "Discord: off (DISCORD_TOKEN is not set)")


async def test_a_provider_without_a_usual_model_needs_one_named(tmp_path: Path) -> None:
    providers = {"mine": {"base_url": "http://127.0.0.1:1"}}
    found = await lines(settings(tmp_path, providers=providers, chat_model=None))
    sentence = "CHAT_MODEL: is missing, and nobody knows which model of mine should answer."
    assert Line(False, f"{sentence} Example: CHAT_MODEL=mine/the-model") in found


@pytest.mark.parametrize(("moderation", "what"), [("question", "questions"), ("both", "questions and answers")])
async def test_what_moderation_looks_at(moderation: str, what: str, tmp_path: Path) -> None:
    found = await lines(settings(tmp_path, moderation=moderation))
    assert Line(True, f"Moderation: demo/judge judges {what}") in found
    key = settings(tmp_path, moderation=moderation, openai_api_key="k", openai_base_url="http://127.0.0.1:1")
    assert Line(True, f"Moderation: openai/omni-moderation-latest judges {what}") in await lines(key)


async def test_moderation_is_not_off_in_silence(tmp_path: Path) -> None:
    mine = {"mine": {"base_url": "http://127.0.0.1:1"}}
    found = await lines(settings(tmp_path, moderation="answer", providers=mine, chat_model="mine/m"))
    (problem,) = [line.text for line in found if not line.good]
    assert problem.startswith("MODERATION_MODEL: is missing: MODERATION is on")
    named = settings(tmp_path, moderation="answer", moderation_model="mine/judge", providers=mine, chat_model="mine/m")
    assert Line(True, "Moderation: mine/judge judges answers") in await lines(named)


async def test_a_fresh_installation_is_told_what_comes_next(tmp_path: Path) -> None:
    found = await lines(settings(tmp_path))
    assert found[0].text == "Access: nobody yet; write to the bot to learn your id, and put it into ADMINS"
    assert Line(True, "Model demo/echo: built in") in found
