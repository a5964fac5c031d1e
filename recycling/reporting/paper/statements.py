"""The run beside the paper (arXiv:2601.07522): one row for each statement that it prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuits.design import RECYCLING, Setting
from recycling.devices.profiles import PAPER
from recycling.errors import BadInput
from recycling.reporting.paper import data_checks as data
from recycling.reporting.paper import device_checks as device
from recycling.reporting.paper.replay import Found, Outcome, Replay
from recycling.spec.experiment import LARGEST_THETA_B, PAPER_P_X, AlgorithmSpec, BathSpec

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Setting of the longest circuit.
LONGEST: Setting = (RECYCLING, "after", "X")
Need = Callable[[Replay], bool]


@dataclass(frozen=True)
class Statement:
    """One statement of the paper: where, what it is about, what is printed, what checks it.

    ``needs`` say to which runs it applies: a run of another experiment neither agrees nor differs.
    """

    where: str
    about: str
    printed: str
    check: Callable[[Replay], Found]
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Comparison:
    """What the paper prints beside what a run found."""

    where: str
    about: str
    printed: str
    found: str
    outcome: Outcome


def replay_of(run: Run, dataset: xr.Dataset, theory: xr.Dataset | None) -> Replay:
    """A run as it is compared.

    Args:
        run: opened run.
        dataset: its analysis.
        theory: analysis of its noiseless counterpart, see ``stored_theory``.
    """
    try:
        circuit = run.circuits[LONGEST]
    except BadInput:
        circuit = None  # no statement about the data needs it
    return Replay(run.experiment, dataset, theory, run.device, circuit)


def compare(replay: Replay) -> list[Comparison]:
    """Every statement that applies to this run, in the order of the paper."""
    compared = []
    for statement in STATEMENTS:
        if all(need(replay) for need in statement.needs):
            # A bound that may be infinite has no width, and is compared with nothing.
            with np.errstate(invalid="ignore"):
                found = statement.check(replay)
            compared.append(
                Comparison(
                    statement.where, statement.about, statement.printed, found.text, found.outcome
                )
            )
    return compared


def prints_crossing(replay: Replay) -> bool:
    """Whether the crossing of ΔQ_B and Q_tight that Fig. 5(a) prints applies to this run."""
    return all(need(replay) for need in _FIG_5)


def summary(compared: Sequence[Comparison]) -> str:
    """How many statements have each outcome."""
    words = {
        "agree": "agree", "differs": "differ", "not resolved": "not resolved", "input": "put in",
    }  # fmt: skip
    counts = (
        f"{sum(row.outcome == outcome for row in compared)} {word}"
        for outcome, word in words.items()
    )
    applying = "statement applies" if len(compared) == 1 else "statements apply"
    return f"{len(compared)} {applying} to this run: {', '.join(counts)}."


def _algorithm(replay: Replay) -> bool:
    given, printed = replay.experiment.algorithm, AlgorithmSpec()
    if given.name != printed.name:
        return False
    return (given.matrix, given.clock_qubits) == (printed.matrix, printed.clock_qubits)


def _bath(replay: Replay) -> bool:
    experiment = replay.experiment
    stage, kelvin = experiment.stage, experiment.bath.temperature
    carried = stage is not None and stage.calibrated_at != kelvin
    return _algorithm(replay) and experiment.bath == BathSpec() and not carried


def _in_theory(replay: Replay) -> bool:
    return replay.theory is not None


def _on_chip(replay: Replay) -> bool:
    # Data from elsewhere may come without the device that they were measured on.
    placed = replay.device.layout is not None or "origin" in replay.dataset.attrs
    return _algorithm(replay) and placed


def _timed(replay: Replay) -> bool:
    return _on_chip(replay) and replay.circuit is not None


def _kawasaki(replay: Replay) -> bool:
    return _on_chip(replay) and replay.device.sources.get("t1[B]", "").startswith(PAPER)


def _complete(replay: Replay) -> bool:
    """No point is masked for want of shots."""
    names = ("heat_combined", "entropy_decrease_combined", "success_fidelity_combined")
    return all(bool(np.isfinite(replay.dataset[name]).all()) for name in names)


def _shown(replay: Replay) -> bool:
    """Figs. 3 and 4 are at p_x = 0.4."""
    return bool(np.isclose(replay.experiment.p_x, PAPER_P_X).any())


def _from_zero(replay: Replay) -> bool:
    return float(replay.experiment.theta_b[0]) == 0


def _whole_sweep(replay: Replay) -> bool:
    last = float(replay.experiment.theta_b[-1])
    return _from_zero(replay) and bool(np.isclose(last, LARGEST_THETA_B))


def _small_p_x(replay: Replay) -> bool:
    return float(replay.experiment.p_x.min()) <= data.PRINTED_CROSSING


_FIG_3 = (_on_chip, _complete, _whole_sweep)
_FIG_4 = (_on_chip, _complete, _bath, _shown, _whole_sweep)
_THEORY = (_in_theory, _bath, _shown, _whole_sweep)
_FIG_5 = (_on_chip, _complete, _bath, _from_zero, _small_p_x)

#: In the order of the paper.
STATEMENTS: tuple[Statement, ...] = (
    Statement("text", "sweep of θ_b (rad); shots a basis and preparation; trials",
              "0 to π/4; 8000; 5", device.sweep, _FIG_4),
    Statement("text", "bath: temperature, frequency", "43 mK, 5 GHz (assumed)",
              device.bath_numbers, (_bath,)),
    Statement("text", "results at other bath frequencies, 3–7 GHz", "do not change qualitatively",
              data.any_frequency, _FIG_4),
    Statement("Fig. 3", "success fidelity", "0.92 to 0.97", data.success_fidelity, _FIG_3),
    Statement("Fig. 4(a)", "ΔQ_B of a thermal bath", "above Q_ath, Q_tight and Q_Landauer",
              data.equilibrium_above, _FIG_4),
    Statement("Fig. 4(a)", "Q_ath of a thermal bath", "equal to Q_tight",
              data.equilibrium_bounds_equal, _FIG_4),
    Statement("Fig. 4(a)", "Q_tight against Q_Landauer", "much larger (read: over twice)",
              data.tight_much_larger, _FIG_4),
    Statement("Fig. 4", "ΔS of the two erasures", "differs largely", data.erasures_differ,
              _FIG_4),
    Statement("Fig. 4(b)", "ΔQ_B against Q_tight", "below in a regime of larger θ_b",
              data.below_tight, _FIG_4),
    Statement("Fig. 4(b)", "ΔQ_B against Q_Landauer", "below for larger θ_b",
              data.below_landauer, _FIG_4),
    Statement("Fig. 4(b)", "ΔQ_B against Q_tight", "above at small θ_b, no gain at θ_b = 0",
              data.above_tight_at_small_angles, _FIG_4),
    Statement("Fig. 4(b)", "ΔQ_B against Q_ath", "above for most θ_b", data.above_athermal,
              _FIG_4),
    Statement("Fig. 4(b)", "ΔQ_B against Q_ath at θ_b = 0", "below (a violation)",
              data.below_athermal_at_zero, _FIG_4),
    Statement("Fig. 4(c)", "theory: ΔQ_B against Q_ath", "coincides", data.theory_at_athermal,
              _THEORY),
    Statement("Fig. 4(c)", "theory: ΔQ_B against Q_tight", "below for all θ_b",
              data.theory_below_tight, _THEORY),
    Statement("Fig. 4(c)", "theory: ΔQ_B against Q_Landauer", "below for larger θ_b",
              data.theory_below_landauer, _THEORY),
    Statement("text", "depth of the HHL part", "about 100 (read: 90 to 110)",
              device.algorithm_depth, (_timed,)),
    Statement("text", "duration of the HHL part", "4.0 µs", device.algorithm_time, (_timed,)),
    Statement("Fig. 6(b)", "measurement, feedforward and SWAP", "3.3 µs",
              device.feedforward_round, (_timed,)),
    Statement("text", "T1 of the bath qubit", "397 µs", device.bath_t1, (_kawasaki,)),
    Statement("Fig. 5(a)", "ΔQ_B at θ_b = 0 with smaller p_x", "decreases",
              data.heat_falls_with_p_x, _FIG_5),
    Statement("Fig. 5(a)", "ΔQ_B crosses Q_tight at θ_b = 0, where ΔS > 0", "p_x ≈ 0.03",
              data.crossing_at_zero, _FIG_5),
    Statement("Fig. 5(a)", "S(ρ_B) before the erasure at θ_b = 0",
              "below 0.147 nat (inferred: S(ρ_S) at that crossing, S thermal)",
              data.bath_entropy_at_zero, _FIG_5),
    Statement("Fig. 5(b)", "ΔQ_B below Q_tight for small p_x, where ΔS > 0", "at all θ_b",
              data.gain_at_all_angles, (*_FIG_5, _whole_sweep)),
    Statement("A.4", "gates on one qubit, on two", "32 ns, 68 ns", device.gate_times, (_kawasaki,)),
    Statement("Fig. 6(a)", "X gate, by a fit to job times", "31.3 ns", device.x_gate_time,
              (_kawasaki,)),
)  # fmt: skip
