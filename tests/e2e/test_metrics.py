"""What an operator sees of a turn: numbers, and one line in the log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.domain.usage import NANO
from tests.e2e.world import MODEL, World
from tests.fakes.openai_script import Script

pytestmark = pytest.mark.fast


@pytest.mark.not_started
async def test_a_turn_in_numbers_and_in_the_log(world: World) -> None:
    await world.start(prices={MODEL: {"input": 1.0, "output": 2.0}})
    name = world.side.name
    ann, place = world.private()
    await world.ask(place, ann, "What does an operator see of this?")
    await world.stop()

    assert world.counted("turns_total", outcome="complete", platform=name, work="chat", reason="") == 1
    for each in ("turn_request_seconds", "display_first_word_seconds", "turn_first_shown_seconds", "turn_seconds"):
        assert world.counted(f"{each}_count", platform=name) == 1
    assert world.counted("model_first_word_seconds_count", model=MODEL) == 1
    assert world.counted("platform_calls_total", platform=name, result="ok") > 0
    assert world.counted("lanes_running") == world.counted("turns_running") == world.counted("gate_waiting_calls") == 0

    (line,) = [line for line in map(read, world.log.written().splitlines()) if line.get("event") == "turn complete"]
    (row,) = world.rows("SELECT prompt_tokens, completion_tokens, cost FROM ledger")
    assert line["platform"] == name
    assert line["model"] == MODEL
    assert line["messages"] == 1
    assert line["turn"] == 1
    assert line["until_asked"] <= line["until_first_word"] <= line["until_first_shown"] <= line["seconds"]
    assert (line["prompt_tokens"], line["completion_tokens"]) == (row["prompt_tokens"], row["completion_tokens"])
    assert line["dollars"] == row["cost"] / NANO == pytest.approx(world.counted("model_cost_dollars_total"))
    assert world.counted("model_tokens_total", work="chat") == row["prompt_tokens"] + row["completion_tokens"]


async def test_refusals_and_failures_in_numbers(world: World) -> None:
    ann, place = world.private()
    world.model.answers += [Script.error(429, "Slow down"), Script.of("Here it is, after all.")]
    await world.ask(place, ann, "One")
    world.model.answers += [Script.error(401, "Incorrect API key provided")]
    await world.ask(place, ann, "Two")
    await world.stop()
    assert world.counted("rate_limited_total", by="fake") == 1
    assert world.counted("errors_total", part="model", kind="RateLimited") == 1
    assert world.counted("errors_total", part="model", kind="KeyRefused") == 1
    assert world.counted("turns_total", outcome="failed", reason="KeyRefused") == 1
    assert world.counted("log_lines_total", level="warning") >= 2


def read(line: str) -> dict[str, Any]:
    return dict(json.loads(line)) if line.startswith("{") else {}
