"""Bar charts as SVG: side by side on a logarithmic scale, or one after the other on a linear one."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from html import escape

WIDTH, LEFT, RIGHT = 880, 320, 90
BAR, STEP, TOP = 20, 32, 56

_STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2933 }
  .title { font-weight: 600; font-size: 16px }
  .small { font-size: 12px; fill: #616e7c }
  .grid { stroke: #cbd2d9 }
  .other { fill: #9aa5b1 }
  .ours { fill: #0b6e99 }
  @media (prefers-color-scheme: dark) { text { fill: #e4e7eb } .small { fill: #9aa5b1 } .grid { stroke: #3e4c59 } }
"""


def bars(title: str, values: Sequence[tuple[str, float]], *, ours: str, unit: str) -> str:
    """Draw values, each with its name, in the order in which they are given.

    :param ours: the name whose bar stands out.
    """
    decades = range(math.floor(math.log10(min(value for _, value in values))), 8)
    last = next(power for power in decades if 10**power >= max(value for _, value in values))
    first, height = decades[0], TOP + STEP * len(values) + 30

    def place(value: float) -> float:
        return LEFT + (math.log10(value) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    lines = _opening(title, height)
    for power in range(first, last + 1):
        lines += _mark(place(10**power), f"{10**power:,}", height)
    for number, (name, value) in enumerate(values):
        lines += _bar(number, name, LEFT, place(value), f"{value:,.0f}{unit}", stands_out=name == ours)
    return "\n".join([*lines, "</svg>", ""])


def in_sequence(title: str, seconds: Sequence[tuple[str, float]], *, ours: Collection[str]) -> str:
    """Draw how long things take, each from where the one before it ended.

    :param ours: the names whose bars stand out.
    """
    total, height = sum(value for _, value in seconds), TOP + STEP * len(seconds) + 30

    def place(value: float) -> float:
        return LEFT + value / total * (WIDTH - LEFT - RIGHT)

    lines = _opening(title, height)
    for second in range(math.floor(total) + 1):
        lines += _mark(place(second), f"{second} s", height)
    begin = 0.0
    for number, (name, value) in enumerate(seconds):
        end = begin + value
        lines += _bar(number, name, place(begin), place(end), f"{value:.2f} s", stands_out=name in ours)
        begin = end
    return "\n".join([*lines, "</svg>", ""])


def _opening(title: str, height: int) -> list[str]:
    size = f'viewBox="0 0 {WIDTH} {height}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
    ]


def _mark(x: float, text: str, height: int) -> list[str]:
    return [
        f'<line class="grid" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{height - 26}"/>',
        f'<text class="small" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{text}</text>',
    ]


def _bar(number: int, name: str, begin: float, end: float, text: str, *, stands_out: bool) -> list[str]:
    y, kind = TOP + STEP * number, "ours" if stands_out else "other"
    return [
        f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{kind}" x="{begin:.1f}" y="{y}" width="{end - begin:.1f}" height="{BAR}" rx="2"/>',
        f'<text x="{end + 8:.1f}" y="{y + 15}">{escape(text)}</text>',
    ]
