"""What is counted is what Prometheus reads, and nothing that anybody writes becomes a label."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.observed import TurnSeen
from bot.domain.usage import Account, Spending, Usage
from bot.errors import Ambiguous, FileTooLarge, NotConfigured, RateLimited, RetryLater, StorageError
from bot.telemetry.metrics import MOST_MODELS, Metrics

TURN = TurnSeen(
    turn=7,
    chat="telegram:1:4242",
    platform="telegram",
    work="chat",
    model="p/m",
    outcome="complete",
    ended=4.0,
    asked=0.2,
    spoke=1.0,
    shown=1.5,
)
SPENDING = Spending(datetime(2026, 11, 29, tzinfo=UTC), Account("telegram:4242", "telegram:1:4242"), "chat", "p/m")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def samples(metrics: Metrics) -> Mapping[str, float]:
    """`name{label=value,...}` and its number, labels in the order of their names."""
    found = {}
    for family in text_string_to_metric_families(metrics.render()[0].decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_a_turn_is_counted_with_each_of_its_waits(metrics: Metrics) -> None:
    metrics.turned(TURN)
    found = samples(metrics)
    assert found["parley_turns_total{outcome=complete,platform=telegram,reason=,work=chat}"] == 1
    assert found["parley_turn_request_seconds_sum{platform=telegram}"] == pytest.approx(0.2)
    assert found["parley_model_first_word_seconds_sum{model=p/m}"] == pytest.approx(0.8)
    assert found["parley_display_first_word_seconds_sum{platform=telegram}"] == pytest.approx(0.5)
    assert found["parley_turn_first_shown_seconds_sum{platform=telegram}"] == pytest.approx(1.5)
    assert found["parley_turn_seconds_sum{platform=telegram,work=chat}"] == pytest.approx(4.0)


def test_what_did_not_happen_took_no_time(metrics: Metrics) -> None:
    metrics.turned(replace(TURN, asked=None, spoke=None, shown=None, outcome="failed", reason="OverBudget"))
    metrics.turned(replace(TURN, shown=0.5))  # a transcript, before the model's first word
    found = samples(metrics)
    assert found["parley_turns_total{outcome=failed,platform=telegram,reason=OverBudget,work=chat}"] == 1
    assert found["parley_turn_request_seconds_count{platform=telegram}"] == 1
    assert "parley_display_first_word_seconds_count{platform=telegram}" not in found


def test_refusals_for_too_many_calls_count_by_whose_they_are(metrics: Metrics) -> None:
    metrics.called("telegram", "edit", None)
    metrics.called("telegram", "edit", RetryLater(12.0))
    metrics.called("telegram", "send", Ambiguous())
    metrics.failed(RateLimited("groq/llama", "slow down"))
    found = samples(metrics)
    assert found["parley_platform_calls_total{call=edit,platform=telegram,result=ok}"] == 1
    assert found["parley_platform_calls_total{call=send,platform=telegram,result=Ambiguous}"] == 1
    assert found["parley_platform_pause_seconds_sum{platform=telegram}"] == 12
    assert found["parley_rate_limited_total{by=telegram}"] == 1
    assert found["parley_rate_limited_total{by=groq}"] == 1
    assert found["parley_errors_total{kind=RetryLater,part=platform}"] == 1
    assert found["parley_errors_total{kind=RateLimited,part=model}"] == 1


def test_errors_count_by_where_they_come_in(metrics: Metrics) -> None:
    errors = [FileTooLarge(1), StorageError("locked"), NotConfigured("nobody/knows"), ZeroDivisionError("1 / 0")]
    for error in errors:
        metrics.failed(error)
    found = {name: value for name, value in samples(metrics).items() if name.startswith("parley_errors_total")}
    assert found == {
        "parley_errors_total{kind=FileTooLarge,part=file}": 1,
        "parley_errors_total{kind=StorageError,part=storage}": 1,
        "parley_errors_total{kind=NotConfigured,part=model}": 1,
        "parley_errors_total{kind=other,part=bot}": 1,
    }


def test_tokens_add_up_and_cost_is_in_dollars(metrics: Metrics) -> None:
    metrics.spent(replace(SPENDING, usage=Usage(100, 50, cached_tokens=60, reasoning_tokens=20), cost=2_500_000_000))
    metrics.spent(replace(SPENDING, usage=Usage(10, 5, cached_tokens=60)))
    found = samples(metrics)
    tokens = {kind: found[f"parley_model_tokens_total{{kind={kind},model=p/m,work=chat}}"] for kind in KINDS}
    assert tokens == {"prompt": 40, "cached": 70, "completion": 35, "reasoning": 20}
    assert found["parley_model_cost_dollars_total{model=p/m,work=chat}"] == 2.5
    assert found["parley_model_calls_total{model=p/m,priced=yes,work=chat}"] == 1
    assert found["parley_model_calls_total{model=p/m,priced=no,work=chat}"] == 1


KINDS = ("prompt", "cached", "completion", "reasoning")


def test_no_names_of_people_and_chats_and_no_endless_names_of_models(metrics: Metrics) -> None:
    for number in range(3 * MOST_MODELS):
        metrics.spent(replace(SPENDING, model=f"proxy/whatever-{number}", usage=Usage(1, 1)))
        metrics.turned(replace(TURN, model=f"proxy/whatever-{number}", chat=f"telegram:1:{number}", reason=f"{number}"))
    text = metrics.render()[0].decode()
    assert "4242" not in text
    assert "telegram:1" not in text
    found = samples(metrics)
    assert sum(name.startswith("parley_model_calls_total") for name in found) == MOST_MODELS + 1
    assert found["parley_model_calls_total{model=other,priced=no,work=chat}"] == 2 * MOST_MODELS
    assert found["parley_turns_total{outcome=complete,platform=telegram,reason=other,work=chat}"] == 3 * MOST_MODELS


def test_what_is_looked_up_when_somebody_asks(metrics: Metrics) -> None:
    restarts = {"telegram": 0}
    metrics.read("watchdog_restarts_total", "Parts that a watchdog started anew.", lambda: restarts, label="part")
    metrics.read("inbox_waiting", "What was received and is not done.", lambda: 3)
    restarts["telegram"] = 2
    found = samples(metrics)
    assert found["parley_watchdog_restarts_total{part=telegram}"] == 2
    assert found["parley_inbox_waiting"] == 3


def test_log_lines_are_counted_while_it_is_entered(metrics: Metrics) -> None:
    log = logging.getLogger("bot.somewhere")
    with metrics.counting_log_lines():
        log.info("well")
        log.warning("less well")
        log.error("not well")
        log.critical("not at all")
    log.error("later")
    found = samples(metrics)
    assert found["parley_log_lines_total{level=warning}"] == 1
    assert found["parley_log_lines_total{level=error}"] == 2


def test_two_bots_in_a_process_count_apart_and_know_the_process(metrics: Metrics) -> None:
    other = Metrics()
    metrics.turned(TURN)
    assert not any(name.startswith("parley_turn") for name in samples(other))
    found = samples(metrics)
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["process_open_fds"] > 0
    assert found["process_start_time_seconds"] > 0
    assert not any(name.endswith("_created") for name in found)


def test_the_fields_of_a_log_line_are_what_is_known() -> None:
    fields = replace(TURN, usage=Usage(10, 5), cost=1_500_000_000, messages=2, reason="").fields()
    assert fields == {
        "turn": 7,
        "chat": "telegram:1:4242",
        "platform": "telegram",
        "work": "chat",
        "model": "p/m",
        "outcome": "complete",
        "seconds": 4.0,
        "until_asked": 0.2,
        "until_first_word": 1.0,
        "until_first_shown": 1.5,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "dollars": 1.5,
        "messages": 2,
    }


def test_the_documents_name_every_metric(metrics: Metrics) -> None:
    text = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    names = re.findall(r"^# TYPE (parley_\w+)", metrics.render()[0].decode(), re.MULTILINE)
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in text] == []
