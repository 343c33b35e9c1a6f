"""What the bot counts, for Prometheus. One `Metrics` belongs to one running bot, with a registry of its own.

Labels are few and bounded: platforms, kinds of calls, classes of `bot.errors`, models that gave an answer. Never a
person, a chat or a word.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot import errors
from bot.domain.observed import TurnSeen
from bot.domain.platform import CallKind
from bot.domain.usage import NANO, Spending
from bot.ports import Observer, Reading
from bot.telemetry import buckets

MOST_MODELS = 100
"""Models with labels of their own; further ones count as `other`. Some servers take whatever name they are given."""

OTHER = "other"

PARTS: Mapping[type[Exception], str] = {
    errors.DeliveryError: "platform",
    errors.ModelError: "model",
    errors.FileError: "file",
    errors.StorageError: "storage",
}

KINDS = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ParleyError)}


class Metrics(Observer):
    """Implements `bot.ports.Observer`; `read` adds what is looked up when somebody asks."""

    def __init__(self) -> None:
        # When a series began is a series more for each; the start of the process tells the same.
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # as the library has it
        registry = self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        prometheus.Info("parley", "The version that runs.", registry=registry).info({"version": version("parley")})
        self._models: set[str] = set()

        def counter(name: str, meaning: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(f"parley_{name}", meaning, labels, registry=registry)

        def histogram(name: str, meaning: str, lines: tuple[float, ...], *labels: str) -> prometheus.Histogram:
            return prometheus.Histogram(f"parley_{name}", meaning, labels, registry=registry, buckets=lines)

        self._turns = counter(
            "turns", "Turns that ended, and the error that ended them.", "platform", "work", "outcome", "reason"
        )
        self._request = histogram(
            "turn_request_seconds", "From a question to the request to the model.", buckets.REQUEST, "platform"
        )
        self._first_word = histogram(
            "model_first_word_seconds", "From the request to the model's first word.", buckets.FIRST_WORD, "model"
        )
        self._display = histogram(
            "display_first_word_seconds", "From the model's first word to the screen.", buckets.DISPLAY, "platform"
        )
        self._shown = histogram(
            "turn_first_shown_seconds", "From a question to its first words on screen.", buckets.PATIENCE, "platform"
        )
        self._ended = histogram(
            "turn_seconds", "From a question to the end of its answer on screen.", buckets.PATIENCE, "platform", "work"
        )
        self._calls = counter("platform_calls", "Calls to a platform.", "platform", "call", "result")
        self._pauses = histogram("platform_pause_seconds", "Pauses that it asked for.", buckets.PAUSE, "platform")
        self._limited = counter("rate_limited", "Refusals of a platform or provider for too many calls.", "by")
        self._repeated = counter(
            "repeated_sends", "Messages sent again after a send that may have arrived.", "platform", "found"
        )
        self._errors = counter("errors", "Failures where they come in, each try of its own.", "part", "kind")
        self._model_calls = counter("model_calls", "Calls that models answered.", "model", "work", "priced")
        self._tokens = counter("model_tokens", "Tokens; the kinds add up.", "model", "work", "kind")
        self._cost = counter("model_cost_dollars", "What priced calls cost, in US dollars.", "model", "work")
        self._lines = counter("log_lines", "Log lines that ask for attention.", "level")

    def render(self) -> tuple[bytes, str]:
        """All of it as text, and its content type."""
        return prometheus.generate_latest(self._registry), prometheus.exposition.CONTENT_TYPE_PLAIN_0_0_4

    def read(self, name: str, meaning: str, look: Callable[[], Reading], label: str = "") -> None:
        """Ask `look` whenever the metrics are asked for: a number, or numbers by `label`.

        It has to be quick and does not wait. A name that ends in `_total` is a counter, any other a gauge.
        """
        self._registry.register(_Look(f"parley_{name}", meaning, look, label))

    @contextmanager
    def counting_log_lines(self) -> Iterator[None]:
        """Count warnings and errors, of libraries too, as long as this is entered."""
        handler = _Counting(lambda level: self._lines.labels(level).inc())
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)

    # What bot.ports.Observer hears of

    def turned(self, turn: TurnSeen) -> None:
        platform = turn.platform
        reason = turn.reason if not turn.reason or turn.reason in KINDS else OTHER
        self._turns.labels(platform, turn.work, turn.outcome, reason).inc()
        self._ended.labels(platform, turn.work).observe(turn.ended)
        if turn.asked is not None:
            self._request.labels(platform).observe(turn.asked)
        if turn.shown is not None and turn.work == "chat":
            self._shown.labels(platform).observe(turn.shown)
        if turn.asked is not None and turn.spoke is not None:
            self._first_word.labels(self._model(turn.model)).observe(turn.spoke - turn.asked)
        # What a voice note says is on screen before the model has said anything.
        if turn.spoke is not None and turn.shown is not None and turn.shown >= turn.spoke:
            self._display.labels(platform).observe(turn.shown - turn.spoke)

    def called(self, platform: str, kind: CallKind, error: Exception | None) -> None:
        self._calls.labels(platform, kind, "ok" if error is None else kind_of(error)).inc()
        if error is not None:
            self.failed(error)
        if isinstance(error, errors.RetryLater):
            self._limited.labels(platform).inc()
            self._pauses.labels(platform).observe(error.after)

    def repeated(self, platform: str, *, found: bool) -> None:
        self._repeated.labels(platform, "yes" if found else "no").inc()

    def failed(self, error: Exception) -> None:
        part = next((name for kind, name in PARTS.items() if isinstance(error, kind)), "bot")
        self._errors.labels(part, kind_of(error)).inc()
        if isinstance(error, errors.RateLimited):
            self._limited.labels(error.model.partition("/")[0]).inc()

    def spent(self, spending: Spending) -> None:
        model, work, usage = self._model(spending.model), spending.work, spending.usage
        self._model_calls.labels(model, work, "no" if spending.cost is None else "yes").inc()
        if spending.cost is not None:
            self._cost.labels(model, work).inc(spending.cost / NANO)
        # Reported as parts of each other; those that report more than the whole count as the whole.
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        reasoning = min(usage.reasoning_tokens, usage.completion_tokens)
        kinds = {
            "prompt": usage.prompt_tokens - cached,
            "cached": cached,
            "completion": usage.completion_tokens - reasoning,
            "reasoning": reasoning,
        }
        for kind, tokens in kinds.items():
            if tokens > 0:
                self._tokens.labels(model, work, kind).inc(tokens)

    def _model(self, model: str) -> str:
        if model not in self._models and len(self._models) < MOST_MODELS:
            self._models.add(model)
        return model if model in self._models else OTHER


def kind_of(error: Exception) -> str:
    """The name of an error's class, if it is one of ours."""
    name = type(error).__name__
    return name if name in KINDS else OTHER


class _Look(Collector):
    def __init__(self, name: str, meaning: str, look: Callable[[], Reading], label: str) -> None:
        self._name, self._meaning, self._look, self._labels = name, meaning, look, [label] if label else []

    def describe(self) -> list[Metric]:
        return [self._family()]

    def collect(self) -> list[Metric]:
        family, found = self._family(), self._look()
        for value, number in found.items() if isinstance(found, Mapping) else [("", found)]:
            family.add_metric([value] if self._labels else [], number)
        return [family]

    def _family(self) -> CounterMetricFamily | GaugeMetricFamily:
        kind = CounterMetricFamily if self._name.endswith("_total") else GaugeMetricFamily
        return kind(self._name, self._meaning, labels=self._labels)


class _Counting(logging.Handler):
    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        self._count("warning" if record.levelno < logging.ERROR else "error")
