"""A bar chart as SVG, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

    size = f'viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
    ]
    for power in range(first, last + 1):
        x = place(10**power)
        lines += [
            f'<line class="grid" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{height - 26}"/>',
            f'<text class="small" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{10**power:,}</text>',
        ]
    for number, (name, value) in enumerate(values):
        y, end = TOP + STEP * number, place(value)
        kind = "ours" if name == ours else "other"
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" rx="2"/>',
            f'<text x="{end + 8:.1f}" y="{y + 15}">{value:,.0f}{escape(unit)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
