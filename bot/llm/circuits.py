"""The way to a model: not while its circuit is open, and at most so many calls at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot import clock, progress
from bot.domain.circuits import CircuitView
from bot.errors import ModelError
from bot.llm.circuit import Change, Circuit
from bot.ports import Observer
from bot.telemetry.silence import Silence

logger = logging.getLogger(__name__)

MOST = 500
"""Circuits that are remembered: people may type any model's name while a provider is down."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A try of a call that was let through; tell it as soon as the model shows that it is alive."""

    worked: Callable[[], None]


class Circuits:
    """The circuits of all models by `provider/model`; a model without trouble has none. `concurrency` is how many
    calls run at once, others wait in the order in which they came; `chance` gives random numbers from 0 to 1.

    `opened` counts how often one opened, `refused` the calls that were not made because one was open. `observer` is
    told of each try that fails.
    """

    def __init__(self, concurrency: int, chance: Callable[[], float], observer: Observer | None = None) -> None:
        self.opened = 0
        self.refused = 0
        self._observer = observer or Silence()
        self._running = asyncio.Semaphore(concurrency)
        self._chance = chance
        self._circuits: dict[str, Circuit] = {}

    @asynccontextmanager
    async def passage(self, model: str) -> AsyncIterator[Passage]:
        """One try of a call. Raises the refusal of an open circuit, at once and again when its turn has come."""
        self.refuse(model)
        async with self._running:
            self.refuse(model)
            progress.mark()
            with self._passing(model) as passage:
                yield passage

    def refuse(self, model: str) -> None:
        """Raise if the model must not be called now, as an error of the kind that opened its circuit."""
        refusal = self._of(model).refusal(clock.now())
        if refusal is not None:
            self.refused += 1
            raise refusal

    def is_open(self, model: str) -> bool:
        """Whether another try of a call would be refused, or would be the one that finds out."""
        return self._of(model).is_open

    def gave_up(self, model: str, error: ModelError) -> None:
        """A call was given up after all of its tries."""
        circuit = self._of(model)
        self._tell(model, circuit.gave_up(error, clock.now(), self._chance()), error)

    def view(self) -> Mapping[str, CircuitView]:
        """The models that failed lately; all others are well."""
        now = clock.now()
        return {model: circuit.view(now) for model, circuit in self._circuits.items() if not circuit.idle(now)}

    @contextmanager
    def _passing(self, model: str) -> Iterator[Passage]:
        circuit, failure = self._of(model), None
        name = circuit.enter(clock.now())
        try:
            yield Passage(lambda: self._tell(model, circuit.close()))
        except ModelError as error:
            failure = error
            self._observer.failed(error)
            raise
        finally:
            self._tell(model, circuit.leave(name, failure, clock.now(), self._chance()), failure)

    def _tell(self, model: str, change: Change | None, error: ModelError | None = None) -> None:
        if change == "opened":
            self.opened += 1
            wait = self._of(model).view(clock.now()).wait
            logger.warning("%s is left alone for %.0f s: %s", model, wait, type(error).__name__)
        elif change == "closed":
            logger.info("%s answers again", model)

    def _of(self, model: str) -> Circuit:
        if model not in self._circuits:
            self._make_room()
            self._circuits[model] = Circuit()
        return self._circuits[model]

    def _make_room(self) -> None:
        """Forget those of which nothing is known, and if that is not enough the oldest."""
        if len(self._circuits) >= MOST:
            now = clock.now()
            self._circuits = {model: each for model, each in self._circuits.items() if not each.idle(now)}
        if len(self._circuits) >= MOST:
            del self._circuits[next(iter(self._circuits))]
