"""Faults as data: what goes wrong, at which call, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

FaultKind = Literal[
    "status",  # answer with `status` and `body`, without effect
    "flood",  # answer 429 with `seconds`, without effect
    "drop_before",  # close the connection without effect
    "drop_after",  # take effect, then close the connection without an answer
    "stall_before",  # wait `seconds` before taking effect
    "stall_after",  # take effect, then wait `seconds` before the answer
    "garbage",  # answer 200 with something that is not JSON, without effect
]


@dataclass(slots=True)
class Fault:
    """`call` is the platform's name of the method or route; `when` looks at the call's parameters."""

    kind: FaultKind
    call: str
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    status: int = 500
    body: Any = None
    when: Callable[[dict[str, Any]], bool] | None = None


@dataclass(slots=True)
class FaultPlan:
    """The faults that are still to come. A fake asks `next` once for each call that it serves."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.faults.append(fault)

    def next(self, call: str, parameters: dict[str, Any]) -> Fault | None:
        for fault in self.faults:
            if fault.call != call or (fault.when is not None and not fault.when(parameters)):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return None
