"""Draws docs/recycling.svg: ``python -m docs.picture``.

The picture is set into its page, where its ink follows the text, in the dark too.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

TARGET = Path(__file__).with_name("recycling.svg")
_WIDTH, _HEIGHT = 420, 560
_WARM, _COLD, _GOOD = "#c2410c", "#0369a1", "#15803d"


def main() -> None:
    """Write the picture."""
    TARGET.write_text(picture(), encoding="utf-8")


def picture() -> str:
    """The picture as SVG."""
    parts = [
        _box(90, 8, 240, 52, ["Quantum algorithm", "its ancilla is measured"]),
        _arrow(150, 60, 90, 104, "success", -58, _GOOD),
        _arrow(270, 60, 315, 104, "failure", 44, _WARM),
        _box(8, 106, 172, 52, ["Result: kept", "nothing changes here"], _GOOD),
        _box(222, 106, 190, 52, ["Register must be reset", "usually thrown away"], _WARM),
        _arrow(317, 158, 317, 206, "SWAP", 32, _WARM),
        _box(8, 208, 172, 84, ["Cold bath qubit B", "thermal at T_0"], _COLD),
        _levels(112, 276, (0.97, 0.03), _COLD),
        _arrow(180, 250, 222, 250, "", 0, _COLD),
        _box(222, 208, 190, 84, ["B after the reset", "athermal: a resource"], _WARM),
        _levels(335, 276, (0.5, 0.5), _WARM),
        _arrow(317, 292, 317, 346, "before it relaxes", -64, _WARM),
        _box(8, 348, 172, 52, ["Another qubit S", "holds entropy"]),
        _arrow(180, 374, 222, 374, "", 0, "currentColor"),
        _box(222, 348, 190, 52, ["B erases S", "SWAP(S, B)"], _WARM),
        _arrow(260, 400, 84, 458, "heat", -28, _WARM),
        _bounds(40, 468),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="picture-title" style="width:100%;max-width:{_WIDTH}px;height:auto" '
        'font-family="inherit" font-size="15" fill="currentColor">'
        '<title id="picture-title">The failure branch of an algorithm is reset into a cold bath '
        "qubit, which then erases another qubit with less heat than a thermal bath allows</title>"
        f"{''.join(parts)}</svg>\n"
    )


def _text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 15) -> str:
    base, *indices = words.split("_")
    shown = escape(base)
    for index in indices:
        small, _, rest = index.partition(" ")
        rest = f'<tspan dy="-4"> {escape(rest)}</tspan>' if rest else ""
        shown += f'<tspan font-size="{size * 0.75:.0f}" dy="4">{escape(small)}</tspan>{rest}'
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{shown}</text>'


def _box(
    x: float, y: float, width: float, height: float, lines: list[str], ink: str = "currentColor"
) -> str:
    """A box with a line in the usual size and one in a smaller one."""
    middle = x + width / 2
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{ink}" '
        f'fill-opacity=".09" stroke="{ink}" stroke-width="1.5"/>'
        f"{_text(middle, y + 22, lines[0])}{_text(middle, y + 41, lines[1], size=13)}"
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, words: str, aside: float, ink: str) -> str:
    """An arrow, with words beside its middle."""
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
    along = ((to_x - x) / length, (to_y - y) / length)
    tail = (to_x - 9 * along[0], to_y - 9 * along[1])
    wings = [(tail[0] + s * 5 * along[1], tail[1] - s * 5 * along[0]) for s in (1, -1)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in [(to_x, to_y), *wings])
    label = _text((x + to_x) / 2 + aside, (y + to_y) / 2 + 5, words, size=13) if words else ""
    return (
        f'<line x1="{x}" y1="{y}" x2="{tail[0]:.1f}" y2="{tail[1]:.1f}" stroke="{ink}" '
        f'stroke-width="2"/><polygon points="{points}" fill="{ink}"/>{label}'
    )


def _levels(x: float, y: float, populations: tuple[float, float], ink: str) -> str:
    """Two levels with bars for their populations."""
    return "".join(
        f'<line x1="{x - 62}" x2="{x + 28}" y1="{y - 14 * i}" y2="{y - 14 * i}" '
        f'stroke="currentColor" stroke-opacity=".5"/>'
        f'<rect x="{x - 60}" y="{y - 14 * i - 8}" width="{86 * p:.1f}" height="7" fill="{ink}"/>'
        for i, p in enumerate(populations)
    )


def _bounds(x: float, y: float) -> str:
    """The heat beside the bounds, on an axis without numbers."""
    marks = [
        (30, "ΔQ_B measured", _WARM, 26),
        (165, "k_B T_0 ΔS", _COLD, 26),
        (280, "Q_tight", _COLD, -16),
    ]
    drawn = "".join(
        f'<circle cx="{x + at}" cy="{y}" r="6" fill="{ink}"/>'
        f"{_text(x + at, y + above, words, size=13)}"
        for at, words, ink, above in marks
    )
    return (
        f'<line x1="{x - 20}" y1="{y}" x2="{x + 350}" y2="{y}" stroke="currentColor"/>'
        f"{drawn}{_text(x + 340, y + 26, 'heat →', size=13)}"
        f"{_text(210, y + 58, 'Is the heat below what any thermal bath allows,')}"
        f"{_text(210, y + 78, 'and by how many standard errors?')}"
    )


if __name__ == "__main__":
    main()
