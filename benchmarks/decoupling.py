"""When decoupling helps and when it hurts: the predicted excess over declared slow detunings.

Of the exact engine, for the profile paper and a snapshot at two angles. Prints the tables of
docs/decoupling.md and draws its figure with ``--figure``. No calibration has the detunings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.constants import h as planck

import recycling as rc
from recycling.compilation.decouple import decoupled
from recycling.jobs.cut import protocol_pubs
from recycling.planning.chips import build_device
from recycling.planning.circuits import compile_all, decoupling_on
from recycling.planning.prediction import predict

PLACES = {"paper": (11, 18, 12, 13, 10, 9), "FakeTorino": (67, 74, 68, 69, 66, 65)}
ROLES = ("C_I", "C_C0", "C_C1", "C_A", "B", "S")
#: Times that leave 1/e of a coherence, s; infinite: no slow detunings.
TIMES = (np.inf, 160e-6, 80e-6, 40e-6, 20e-6, 10e-6)
OPTIONS = {
    "no pulses": {},
    "XX on C_I": {"sequence": "XX", "qubits": ["C_I"]},
    "XY4 on C_I": {"sequence": "XY4", "qubits": ["C_I"]},
    "XX on C_I, B, S": {"sequence": "XX"},
}
COLOURS = ("0.3", "tab:blue", "tab:cyan", "tab:red")
#: Angles at which a failed branch has little energy, and half a quantum, rad.
ANGLES = (0.4, np.pi / 4)


def excesses(profile: str, theta_b: float) -> dict[str, list[float]]:
    """ΔQ_B - Q_tight in hf by option, at each time."""
    found = {name: [] for name in OPTIONS}
    for time in TIMES:
        device = {"profile": profile, "layout": dict(zip(ROLES, PLACES[profile], strict=True))}
        if np.isfinite(time):
            device["low_frequency_dephasing"] = time
        spec = {"name": "slow", "device": device, "sweep": {"theta_b": [theta_b], "p_x": [0.4]}}
        plain = rc.Experiment(**spec)
        built = build_device(plain)
        circuits = compile_all(plain, built)
        for name, wanted in OPTIONS.items():
            experiment = rc.Experiment(**spec, decoupling=wanted)
            pulses = decoupling_on(experiment, built)
            own = circuits
            if pulses is not None:
                own = {key: decoupled(each, built, pulses) for key, each in circuits.items()}
            prediction = predict(experiment, built, protocol_pubs(experiment, own))
            quantum = planck * experiment.bath.frequency
            found[name].append(float(prediction.values["excess_tight"][0] / quantum))
    return found


def table(found: dict[str, list[float]]) -> str:
    """A table in Markdown."""
    shown = [f"{time * 1e6:.0f} µs" if np.isfinite(time) else "none" for time in TIMES]
    lines = ["| slow detunings | " + " | ".join(shown) + " |", "| --- |" + " ---: |" * len(shown)]
    for name, values in found.items():
        cells = [
            f"**{value:+.4f}**" if value == min(own[place] for own in found.values())
            else f"{value:+.4f}"
            for place, value in enumerate(values)
        ]  # fmt: skip
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(everything: dict[float, dict[str, list[float]]], path: Path) -> None:
    """Draw how much each option changes the excess, over the time of the detunings."""
    with mpl.rc_context({"font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "decoupling"}):
        figure = Figure(figsize=(7.5, 3.4), layout="constrained")
        panels = figure.subplots(1, len(everything), sharey=True)
        places = np.arange(len(TIMES))
        for axes, (angle, found) in zip(panels, everything.items(), strict=True):
            axes.axhline(0, color="0.3", lw=1)
            for (name, values), colour in zip(found.items(), COLOURS, strict=True):
                if name != "no pulses":
                    gained = np.subtract(values, found["no pulses"])
                    label = name.replace("C_I", "$C_I$")
                    axes.plot(places, gained, "o-", ms=3.5, lw=1.2, color=colour, label=label)
            axes.set_xticks(places, ["none", *(f"{time * 1e6:.0f}" for time in TIMES[1:])])
            axes.set_title(rf"profile paper, $\theta_b$ = {angle:.3f}", fontsize=9)
            axes.set_xlabel("slow detunings, declared: 1/e after … µs")
        panels[0].set_ylabel(
            r"change of $\Delta Q_B - Q_\mathrm{tight}$ by pulses ($hf$)" "\nabove 0 they hurt"
        )
        panels[0].legend(frameon=False, loc="lower left")
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables, and draw the figure where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figure", type=Path)
    figure = parser.parse_args().figure
    shown = {}
    for profile in PLACES:
        for angle in ANGLES:
            found = excesses(profile, angle)
            print(f"{profile}, θ_b = {angle:.4f}: ΔQ_B − Q_tight in hf\n\n{table(found)}\n")
            if profile == "paper":
                shown[angle] = found
    if figure:
        draw(shown, figure)


if __name__ == "__main__":
    main()
