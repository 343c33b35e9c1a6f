"""A chat that changes, as an animated SVG. Pure: what was sent, and what was shown when, becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from benchmarks.bubbles import BAR, BARS, PADDING, Look, height_of, message

WIDTH = 800
MARGIN = 24
HEADER = 64
FOOTER = 40
ABOVE, BETWEEN, BELOW = 22, 18, 12
ASKED = 430
ANSWER = 560
NOTE = 54 + 2 * PADDING + BAR * BARS
HOLD = 5.0
"""Seconds that the end stays before the animation begins again."""

STYLES = """
  .paper { fill: #ffffff; stroke: #d0d7de; } .bar { fill: #f0f3f6; } .rule { stroke: #d0d7de; }
  .ask { fill: #d8eafd; } .say { fill: #f0f3f6; } .block { fill: #e1e6eb; } .button { fill: #e1e6eb; }
  .logo { fill: #2f6fd0; } .logo-ink { fill: #ffffff; } .quoted { fill: #2f6fd0; fill-opacity: 0.1; }
  text { fill: #1f2328; font: 16px system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
  .faint { fill: #59636e; font-size: 14px; } .b { font-weight: 600; } .label { font-size: 14px; font-weight: 600; }
  .c { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 14.5px; }
  .c { fill: #8a2a5d; } .p { fill: #1f2328; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #3d444d; } .bar { fill: #151b23; } .rule { stroke: #3d444d; }
    .ask { fill: #1c3a5e; } .say { fill: #1b222c; } .block { fill: #2a323d; } .button { fill: #2a323d; }
    .logo { fill: #4f8fe8; } text { fill: #e6edf3; } .faint { fill: #9198a1; } .c { fill: #f0a8cf; }
    .p { fill: #e6edf3; } .quoted { fill: #4f8fe8; fill-opacity: 0.16; }
    .logo-ink { fill: #0d1117; }
  }
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """The bot's messages as they looked from `at` on (seconds after the question); `told` is what had just happened."""

    at: float
    looks: tuple[Look, ...]
    told: str


@dataclass(frozen=True, slots=True)
class Recording:
    """What a person sent, and everything that the answer looked like. `title` says what the picture shows, and `called`
    what was sent. `typing`: the sign was there before the answer was."""

    title: str
    asked: Look
    frames: tuple[Frame, ...]
    called: str = "question"
    typing: bool = True

    @property
    def seconds(self) -> float:
        return self.frames[-1].at + HOLD


def svg(recording: Recording) -> str:
    """The whole picture. Where nothing moves, it shows the end."""
    asked = recording.asked
    wide = ASKED if asked.note is None else NOTE
    top = HEADER + ABOVE + height_of(asked, wide) + BETWEEN
    height = top + max(_tall(frame) for frame in recording.frames) + FOOTER
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    sign = "typing…" if recording.typing else "bot"
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(recording.title)}</title>",
        f"<style>{STYLES}{''.join(_keyframes(recording))}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="14"/>',
        *_header(),
        *message("ask", asked, WIDTH - MARGIN - wide, HEADER + ABOVE, wide),
        f'<g id="typing">{_status(sign)}{_caption(f"the {recording.called} is there", height)}</g>',
    ]
    for number, frame in enumerate(recording.frames):
        body += [f'<g id="f{number}">', _status("bot"), *_answer(frame, top)]
        body += [_caption(f"{frame.at:.1f} s after the {recording.called} · {frame.told}", height), "</g>"]
    return "\n".join([*body, "</svg>", ""])


def _answer(frame: Frame, top: int) -> Iterator[str]:
    for look in frame.looks:
        yield from message("say", look, MARGIN, top, _width(look))
        top += height_of(look, _width(look)) + BELOW


def _tall(frame: Frame) -> int:
    return sum(height_of(look, _width(look)) + BELOW for look in frame.looks)


def _width(look: Look) -> int:
    return ANSWER if look.note is None else NOTE


def _keyframes(recording: Recording) -> Iterator[str]:
    """Each frame is seen from its time to the next one's; the first sign until the first."""
    total = recording.seconds
    times = [0.0, *(frame.at for frame in recording.frames), total]
    names = ["typing", *(f"f{number}" for number in range(len(recording.frames)))]
    for name, (start, end) in zip(names, pairwise(times), strict=True):
        at, until = 100 * start / total, 100 * end / total
        steps = [(0.0, "hidden")] if start > 0 else []
        steps += [(at, "visible")] + ([(until, "hidden")] if end < total else [])
        shown = " ".join(f"{when:.3f}% {{ visibility: {what}; }}" for when, what in steps)
        last = "visible" if end == total else "hidden"
        yield f"  @keyframes k-{name} {{ {shown} 100% {{ visibility: {last}; }} }}\n"
        yield f"  #{name} {{ visibility: {last}; animation: k-{name} {total:.2f}s step-end infinite; }}\n"
    yield "  @media (prefers-reduced-motion: reduce) { g { animation: none !important; } }\n"


def _header() -> Iterator[str]:
    yield f'<path class="bar" d="M1 {HEADER} V14 Q1 1 14 1 H{WIDTH - 14} Q{WIDTH - 1} 1 {WIDTH - 1} 14 V{HEADER} Z"/>'
    yield f'<line class="rule" x1="0" y1="{HEADER}" x2="{WIDTH}" y2="{HEADER}"/>'
    yield f'<circle class="logo" cx="{MARGIN + 20}" cy="32" r="20"/>'
    yield f'<text class="b logo-ink" x="{MARGIN + 20}" y="38" text-anchor="middle">P</text>'
    yield f'<text class="b" x="{MARGIN + 54}" y="28">Parley</text>'


def _status(words: str) -> str:
    return f'<text class="faint" x="{MARGIN + 54}" y="48">{words}</text>'


def _caption(words: str, height: int) -> str:
    return f'<text class="faint" x="{WIDTH - MARGIN}" y="{height - 17}" text-anchor="end">{escape(words)}</text>'
