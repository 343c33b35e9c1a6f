"""The circuit breaker of one model, by a clock that is moved by hand."""

from __future__ import annotations

import pytest

from bot.domain.circuits import CircuitView
from bot.errors import (
    BrokenStream,
    CannotSee,
    ContentFiltered,
    EmptyAnswer,
    FormatRefused,
    KeyRefused,
    ModelError,
    OutOfQuota,
    PromptTooLong,
    ProviderDown,
    RateLimited,
    RequestRefused,
    Stalled,
    UnknownModel,
)
from bot.llm.circuit import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, LONGEST_TOLD, PROBING, WINDOW, Circuit

MODEL = "fake/test-model"
DOWN = ProviderDown(MODEL, "boom")


def failing(circuit: Circuit, *times: float, error: ModelError = DOWN) -> None:
    """Calls that are let through and given up at these times."""
    for now in times:
        circuit.leave(circuit.enter(now), error, now, 0)
        circuit.gave_up(error, now, 0)


def opened(error: ModelError = DOWN) -> Circuit:
    """Opened at 0."""
    circuit = Circuit()
    failing(circuit, *[0.0] * FAILURES, error=error)
    assert circuit.is_open
    return circuit


def probe_fails(circuit: Circuit, now: float, chance: float = 0, error: ModelError = DOWN) -> None:
    circuit.leave(circuit.enter(now), error, now, chance)
    circuit.gave_up(error, now, chance)


@pytest.mark.parametrize("error", [DOWN, Stalled(MODEL), BrokenStream(MODEL, "cut"), RateLimited(MODEL)])
def test_what_the_provider_does_wrong_opens_it(error: ModelError) -> None:
    circuit = Circuit()
    failing(circuit, *range(FAILURES - 1), error=error)
    assert circuit.refusal(2) is None
    failing(circuit, 2, error=error)
    refusal = circuit.refusal(3)
    assert type(refusal) is type(error)
    assert (refusal.model, refusal.detail) == (error.model, error.detail)
    assert refusal.retry_after == FIRST_PAUSE - 1


@pytest.mark.parametrize(
    "kind",
    [
        PromptTooLong,
        ContentFiltered,
        RequestRefused,
        CannotSee,
        FormatRefused,
        EmptyAnswer,
        KeyRefused,
        OutOfQuota,
        UnknownModel,
    ],
)
def test_what_a_request_or_the_account_is_to_blame_for_does_not(kind: type[ModelError]) -> None:
    circuit = Circuit()
    failing(circuit, *range(20), error=kind(MODEL))
    assert circuit.refusal(20) is None
    failing(circuit, 20, 21)
    failing(circuit, 22, error=kind(MODEL))
    failing(circuit, 23, 24)
    assert not circuit.is_open, "the provider answered in between"


def test_failures_long_ago_do_not_count() -> None:
    circuit = Circuit()
    failing(circuit, 0, 1, WINDOW + 1)
    assert not circuit.is_open
    assert circuit.view(WINDOW + 1).failures == 2
    failing(circuit, WINDOW + 1)
    assert circuit.is_open


def test_a_word_in_between_begins_the_count_anew() -> None:
    circuit = Circuit()
    failing(circuit, 0, 1)
    circuit.close()
    failing(circuit, 2, 3)
    assert not circuit.is_open


def test_tries_of_one_call_count_once() -> None:
    circuit = Circuit()
    for now in range(30):
        circuit.leave(circuit.enter(now), DOWN, now, 0)
    assert circuit.gave_up(DOWN, 30, 0) is None
    assert circuit.view(30) == CircuitView("closed", 1)


def test_one_probe_alone_goes_through_when_the_pause_is_over() -> None:
    circuit = opened()
    with pytest.raises(ProviderDown):
        circuit.enter(FIRST_PAUSE - 0.1)
    assert circuit.view(FIRST_PAUSE).state == "half_open"
    probe = circuit.enter(FIRST_PAUSE)
    refusal = circuit.refusal(FIRST_PAUSE)
    assert refusal is not None
    assert refusal.retry_after == PROBING
    assert circuit.close() == "closed"
    assert circuit.refusal(FIRST_PAUSE) is None
    assert circuit.leave(probe, None, FIRST_PAUSE, 0) is None
    assert circuit.view(FIRST_PAUSE) == CircuitView("closed")


@pytest.mark.parametrize("error", [KeyRefused(MODEL), PromptTooLong(MODEL), EmptyAnswer(MODEL)])
def test_a_probe_that_is_refused_found_the_provider_alive(error: ModelError) -> None:
    circuit = opened()
    assert circuit.leave(circuit.enter(FIRST_PAUSE), error, FIRST_PAUSE, 0) == "closed"


def test_pauses_grow_up_to_a_bound_and_begin_anew_after_a_success() -> None:
    circuit, now, pauses = opened(), 0.0, []
    for _ in range(8):
        pauses.append(circuit.view(now).wait)
        now += pauses[-1]
        probe_fails(circuit, now)
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    assert pauses[-1] == LONGEST_PAUSE
    circuit.close()
    failing(circuit, now, now, now)
    assert circuit.view(now).wait == FIRST_PAUSE


def test_chance_makes_a_pause_longer_by_a_quarter_at_most() -> None:
    circuit = opened()
    probe_fails(circuit, FIRST_PAUSE, chance=1)
    assert circuit.view(FIRST_PAUSE).wait == 2 * FIRST_PAUSE * 1.25


def test_a_probe_that_fails_differently_tells_the_new_reason() -> None:
    circuit = opened()
    probe_fails(circuit, FIRST_PAUSE, error=Stalled(MODEL))
    assert circuit.view(FIRST_PAUSE) == CircuitView("open", FAILURES, 2 * FIRST_PAUSE, "Stalled")
    assert type(circuit.refusal(FIRST_PAUSE)) is Stalled


@pytest.mark.parametrize(("asked", "pause"), [(3.0, FIRST_PAUSE), (120.0, 120.0), (1e9, LONGEST_TOLD)])
def test_a_pause_is_as_long_as_the_provider_asks_within_bounds(asked: float, pause: float) -> None:
    assert opened(RateLimited(MODEL, retry_after=asked)).view(0).wait == pause


def test_what_was_on_its_way_when_it_opened_does_not_make_the_pause_longer() -> None:
    circuit = Circuit()
    late = [circuit.enter(0) for _ in range(10)]
    failing(circuit, 1, 1, 1)
    for passage in late:
        circuit.leave(passage, DOWN, 5, 0)
        assert circuit.gave_up(DOWN, 5, 0) is None
    assert circuit.view(5).wait == FIRST_PAUSE - 4


def test_a_word_of_a_call_that_was_on_its_way_closes_it_and_the_probes_failure_is_then_the_first() -> None:
    circuit = opened()
    probe = circuit.enter(FIRST_PAUSE)
    circuit.close()
    assert circuit.leave(probe, DOWN, FIRST_PAUSE, 0) is None
    assert circuit.gave_up(DOWN, FIRST_PAUSE, 0) is None
    assert circuit.view(FIRST_PAUSE) == CircuitView("closed", 1)


def test_a_circuit_is_idle_when_it_has_nothing_to_remember() -> None:
    circuit = Circuit()
    assert circuit.idle(0)
    failing(circuit, 0)
    assert not circuit.idle(1)
    assert circuit.idle(WINDOW + 1)
    assert not opened().idle(10 * WINDOW)
