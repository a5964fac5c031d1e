"""What the coverage study found, against what is promised."""

import json
from dataclasses import asdict, dataclass
from math import pi
from pathlib import Path

import numpy as np
from coverage_losers import BASIC, JEFFREYS, PERCENTILE
from simulated import OURS, Row

#: What is promised; everything else is only reported.
PROMISED = (
    "entropy", "S before", "S after", "B before", "entropy_decrease", "heat", "excess_tight",
    "excess_landauer", "dissipation_ratio",
)  # fmt: skip
ENTROPIES = PROMISED[:4]
ORDER = (*PROMISED, "excess_athermal", "gain")
NAMES = {
    "entropy": "entropy, single qubits", "S before": "entropy, S before",
    "S after": "entropy, S after", "B before": "entropy, B before", "entropy_decrease": "ΔS",
    "heat": "heat", "excess_tight": "excess over Q_tight",
    "excess_landauer": "excess over Q_Landauer", "dissipation_ratio": "dissipation ratio",
    "excess_athermal": "excess over Q_ath (not promised)", "gain": "gain (not promised)",
}  # fmt: skip
LEAST, MOST = 0.93, 0.97
AWAY = 4.0
#: The same where it is another: x and y of S before are far noisier than its z, and no interval
#: knows that they are 0; limits of a ratio are asymmetric until its bound is well resolved.
FARTHER = {"S before": 6.0, "dissipation_ratio": 8.0}
WIDTH, BIAS, BIAS_SHOTS = 0.10, 0.15, 2000
CRITERIA = ("coverage", "away", "width", "bias")


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        rows: each quantity at each point of the grid.
        tried: ours and other methods, at some points on the same draws.
        controls: false verdicts in whole sweeps.
    """

    rows: list[Row]
    tried: list[Row]
    controls: list[dict]

    def text(self) -> str:
        """As JSON, without NaN and infinities."""
        return json.dumps({
            "rows": [_strict(asdict(row)) for row in self.rows],
            "tried": [_strict(asdict(row)) for row in self.tried],
            "controls": self.controls,
        })  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> "Found":
        """Read what ``text`` wrote."""
        stored = json.loads(path.read_text())
        rows, tried = ([Row(**_loose(row)) for row in stored[key]] for key in ("rows", "tried"))
        return cls(rows, tried, stored["controls"])


def _strict(row: dict) -> dict:
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in row.items()
    }


def _loose(row: dict) -> dict:
    return {
        name: np.nan if value is None and name not in ("theta_b", "temperature") else value
        for name, value in row.items()
    }


def is_away(row: Row) -> bool:
    """Whether a point is so far from all boundaries that the promise is about widths, too."""
    return row.distance >= FARTHER.get(row.quantity, AWAY)


def broken(row: Row, margin: float = 0.0) -> dict[str, bool]:
    """Which promises a point breaks, or would if its coverage were off by a margin."""
    away = is_away(row)
    biased = row.quantity in ENTROPIES and row.shots >= BIAS_SHOTS
    return {
        "coverage": row.coverage < LEAST + margin,
        "away": away and not LEAST + margin <= row.coverage <= MOST - margin,
        "width": away and not abs(row.width - 1) <= WIDTH,
        "bias": away and biased and not abs(row.bias) <= BIAS,
    }


def order_of(row: Row) -> tuple:
    nowhere = row.theta_b is None
    return (
        ORDER.index(row.quantity), row.method, row.profile, 0 if nowhere else row.temperature,
        row.arm, 0 if nowhere else row.theta_b, row.p_x, row.shots,
    )  # fmt: skip


def key_of(row: Row) -> tuple:
    place = row.profile, row.temperature, row.arm, row.theta_b, round(row.p_x, 9), row.shots
    return row.quantity, *place


def report(found: Found) -> None:
    """Print what was found, and whether it is what was promised."""
    rows = found.rows
    points, few = {key_of(row)[1:] for row in rows}, min(row.experiments for row in rows)
    print(
        f"95 % intervals at {len(points):,} points, {few:,} experiments each. "
        f"{sum(row.experiments > few for row in rows)} estimates\ncloser to a limit than "
        f"their error were repeated with more, drawn anew, and are judged by those.\n"
        f"Away from boundaries: {AWAY:g} σ or more, "
        f"{', '.join(f'{name} {far:g} σ' for name, far in FARTHER.items())}.\n"
    )
    print(f"{'':17}{'lowest':>8}{'away':>7}{'coverage':>14}{'width/CR':>13}{'naive: coverage':>17}"
          f"{'width/CR':>13}{'|bias|/σ':>10}{'plain':>7}  PASS?")  # fmt: skip
    for name in dict.fromkeys(row.quantity for row in rows):
        _report_quantity(name, [row for row in rows if row.quantity == name])
    print("\nlowest coverage, and where:")
    for name in dict.fromkeys(row.quantity for row in rows):
        print("  " + _where(min((r for r in rows if r.quantity == name), key=_coverage)))
    _report_failures(rows)
    _report_unbiased(rows)
    _report_controls(found.controls)
    _report_tried(found.tried)


def table(rows: list[Row]) -> str:
    """The table of docs/inference.md."""
    lines = [
        "| | lowest coverage | away from boundaries: points | coverage | width | "
        "bias of the entropy, and plain |",
        "|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row.quantity for row in rows):
        own = [row for row in rows if row.quantity == name]
        away = [row for row in own if is_away(row)]
        biased = _biased(away)
        bias, plain = (
            max((abs(getattr(row, which)) for row in biased), default=np.nan)
            for which in ("bias", "plain_bias")
        )
        lines.append(
            f"| {NAMES[name]} | {100 * min(map(_coverage, own)):.1f} % | {len(away)} | "
            f"{_range(away, 'coverage', 100, 1)} % | {_range(away, 'width', 1, 2)} | "
            + (f"≤ {bias:.2f} σ, {plain:.2f} σ |" if biased else "|")
        )
    return "\n".join(lines)


def _biased(rows: list[Row]) -> list[Row]:
    """Those whose bias is promised."""
    return [row for row in rows if row.quantity in ENTROPIES and row.shots >= BIAS_SHOTS]


def _report_controls(controls: list[dict]) -> None:
    print('\nfalse "below Q_tight" in whole sweeps of the ideal equilibrium arm (any angle, Holm):')
    for own in controls:
        for name, level in own["levels"].items():
            share = own["false"][name] / own["sweeps"]
            error = np.sqrt(level * (1 - level) / own["sweeps"])
            print(
                f"  {own['shots']:5,} shots x {own['trials']} trials: {100 * share:.3f} % of "
                f"{own['sweeps']:,} at the level {name}  {_verdict(share <= level + 3 * error)}"
            )


def _report_tried(tried: list[Row]) -> None:
    few, many = (f(row.experiments for row in tried) for f in (min, max))
    print(
        f"\non the same draws, {tried[0].shots:,} shots, {few:,} experiments ({many:,} of single "
        "qubits):\nlowest and median coverage, share of points below 93 %"
    )
    for name in dict.fromkeys(row.quantity for row in tried):
        for method in (OURS, PERCENTILE, BASIC, JEFFREYS):
            own = [r.coverage for r in tried if (r.quantity, r.method) == (name, method)]
            if own:
                print(f"  {name:17}{method:11}{100 * min(own):6.1f} %{100 * np.median(own):7.1f} %"
                      f"{100 * np.mean(np.array(own) < LEAST):6.0f} %")  # fmt: skip


def _report_quantity(name: str, rows: list[Row]) -> None:
    away = [row for row in rows if is_away(row)]
    biased = _biased(away)
    naive = [row for row in rows if row.naive >= AWAY]
    wrong = [criterion for criterion in CRITERIA if any(broken(row)[criterion] for row in rows)]
    verdict = "reported" if name not in PROMISED else _verdict(not wrong) + " ".join(["", *wrong])
    bias = [f"{max((abs(getattr(r, own)) for r in biased), default=np.nan):.2f}"
            if biased else "" for own in ("bias", "plain_bias")]  # fmt: skip
    print(
        f"{name:17}{100 * min(map(_coverage, rows)):7.1f}%{len(away):7}"
        f"{_range(away, 'coverage', 100, 1):>14}{_range(away, 'width', 1, 3):>13}"
        f"{_range(naive, 'coverage', 100, 1):>17}{_range(naive, 'width', 1, 3):>13}"
        f"{bias[0]:>10}{bias[1]:>7}  {verdict}"
    )


def _range(rows: list[Row], name: str, scale: float, digits: int) -> str:
    values = [scale * getattr(row, name) for row in rows]
    return f"{min(values):.{digits}f}–{max(values):.{digits}f}" if values else "–"


def _report_failures(rows: list[Row]) -> None:
    wrong = [row for row in rows if row.quantity in PROMISED and any(broken(row).values())]
    print(f"\npoints that break a promise: {len(wrong)}")
    for row in sorted(wrong, key=_coverage):
        which = ", ".join(name for name, breaks in broken(row).items() if breaks)
        print(f"  {which}: {_where(row)}")


def _report_unbiased(rows: list[Row]) -> None:
    """Widths where even the best unbiased estimate of ℓ² does not reach Cramér and Rao."""
    print(
        "\nentropies: distance from which on every width is within 10 %; width over CR, and over\n"
        "that of the best unbiased estimate of ℓ², where min(ℓ, 1 - ℓ) is 4 σ_max or more:"
    )
    for name in ENTROPIES:
        own = [row for row in rows if row.quantity == name]
        wide = [row.distance for row in own if not abs(row.width - 1) <= WIDTH]
        naive = [row for row in own if row.naive >= AWAY]
        print(
            f"  {name:17}{max(wide, default=0):6.1f} σ{_range(naive, 'width', 1, 3):>14}"
            f"{_range(naive, 'umvu', 1, 3):>14}"
        )


def _where(row: Row) -> str:
    # For single qubits the arm is the direction, and p_x stands for the length.
    place = f"ℓ = {row.p_x:g}"
    if row.theta_b is not None:
        angle = f"θ_b = {row.theta_b / pi:.3g}π"
        place = f"{1e3 * row.temperature:.3g} mK, {angle}, p_x = {row.p_x:.3g}"
    return (
        f"{row.quantity}: {100 * row.coverage:.2f} % ({row.experiments:,}) {row.profile}, "
        f"{row.arm}, {place}, {row.shots:,} shots, {row.distance:.1f} σ; truth below "
        f"{100 * row.below:.2f} %, above {100 * row.above:.2f} %; width {row.width:.3f}, "
        f"bias {row.bias:+.3f}"
    )


def _coverage(row: Row) -> float:
    return row.coverage


def _verdict(passed: bool) -> str:
    return "PASS" if passed else "FAIL"
