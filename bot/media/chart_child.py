"""The chart of what was spent, in the sandbox: its input is JSON with as many `days` as `tokens` and `cost`.

Days are ISO dates, costs nano-dollars. The costs have a panel of their own where there are any.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import date

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bot.domain.usage import NANO
from bot.media.child import Facts, serve
from bot.media.labels import dollars, short

_GROUND, _INK, _FAINT = "#262b36", "#e8ebf1", "#4a5160"
_TOKENS, _COST = "#6ea8fe", "#63c9a0"
"""Dark and without black: legible in light and in dark chats, also where the platform makes a JPEG of it."""

_WIDTH, _PANEL, _DOTS = 8.0, 3.4, 150
"""Inches, and dots of each: 1,200 pixels wide, of which a phone shows about a third."""

_MOST_LABELS = 6


def work(data: bytes, arguments: Sequence[str]) -> tuple[Facts, bytes]:  # noqa: ARG001
    told = json.loads(data)
    days = [date.fromisoformat(day) for day in told["days"]]
    panels: list[tuple[str, list[float], str, Callable[[float], str]]]
    panels = [("Tokens a day", told["tokens"], _TOKENS, short)]
    if any(told["cost"]):
        panels.append(("US dollars a day", [cost / NANO for cost in told["cost"]], _COST, dollars))
    spaces = ConstrainedLayoutEngine(h_pad=0.2, w_pad=0.2, hspace=0.08)
    figure = Figure(figsize=(_WIDTH, _PANEL * len(panels)), dpi=_DOTS, facecolor=_GROUND, layout=spaces)
    grid = figure.subplots(len(panels), squeeze=False)
    for axes, (title, heights, colour, written) in zip(grid[:, 0], panels, strict=True):
        _panel(axes, days, heights, colour)
        axes.set_title(title, loc="left", color=_INK, fontsize=17, pad=12)
        axes.set_title(f"{written(sum(heights))} in all", loc="right", color=colour, fontsize=17, pad=12)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda height, _, written=written: written(height)))
    made = io.BytesIO()
    figure.savefig(made, format="png")
    return {}, made.getvalue()


def _panel(axes: Axes, days: Sequence[date], heights: Sequence[float], colour: str) -> None:
    axes.bar(range(len(days)), heights, width=0.8, color=colour)
    axes.set_facecolor(_GROUND)
    axes.set_xlim(-0.7, len(days) - 0.3)
    axes.set_ylim(0, max(*heights, 0) * 1.05 or 1)
    step = -(-len(days) // _MOST_LABELS)
    shown = range(len(days) - 1, -1, -step)  # today is among them
    axes.set_xticks(list(shown), [f"{days[at]:%b} {days[at].day}" for at in shown])
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.tick_params(colors=_INK, labelsize=14, length=0, pad=6)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_FAINT, linewidth=1)
    for side in axes.spines.values():
        side.set_visible(False)


if __name__ == "__main__":
    serve(work)
