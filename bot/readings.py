"""What operators may look at while the bot runs, besides what is counted as it happens."""

from __future__ import annotations

from collections import Counter

from bot.conversation.lanes import Lanes
from bot.conversation.running import Running
from bot.door import Door
from bot.llm.gateway import Gateway
from bot.replies.gate import Gates
from bot.replies.outbox import Outbox
from bot.telemetry.metrics import Metrics
from bot.watching import Watching


def show_work(metrics: Metrics, gates: Gates, lanes: Lanes, running: Running) -> None:
    metrics.read("gate_waiting_calls", "Calls to platforms that wait for their gate.", lambda: gates.waiting)
    metrics.read("gate_quiet_places", "Places that are silent because the platform asked for it.", gates.quiet)
    metrics.read("lanes_running", "Conversations in which something is done.", lambda: lanes.running)
    metrics.read("lanes_waiting", "What waits for its turn in a conversation.", lambda: lanes.waiting)
    metrics.read("turns_running", "Answers that are being written.", lambda: running.count)


def show_mail(metrics: Metrics, door: Door, outbox: Outbox) -> None:
    metrics.read("inbox_events", "Events that are not done yet.", lambda: door.unanswered.count)
    metrics.read("inbox_oldest_seconds", "How long the oldest of them waits.", lambda: door.unanswered.oldest)
    metrics.read("outbox_replies", "Replies that are not all on screen.", lambda: outbox.on_their_way.count)
    metrics.read("outbox_oldest_seconds", "How long the oldest of them waits.", lambda: outbox.on_their_way.oldest)


def show_trouble(metrics: Metrics, gateway: Gateway, watching: Watching) -> None:
    def left_alone() -> Counter[str]:
        return Counter(name.partition("/")[0] for name, view in gateway.circuits().items() if view.state != "closed")

    def stuck() -> dict[str, float]:
        return {"answer": watching.answers_ended, "job": watching.jobs_ended, "call": watching.calls_roused}

    metrics.read("circuits_open", "Models that are left alone because they fail.", left_alone, label="provider")
    metrics.read("circuits_opened_total", "How often one was left alone.", lambda: gateway.circuits_opened)
    metrics.read("circuits_refused_total", "Calls that were not made for it.", lambda: gateway.circuits_refused)
    metrics.read("stuck_total", "What was stuck and ended, or roused.", stuck, label="what")
