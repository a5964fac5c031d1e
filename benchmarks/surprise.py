"""Are the p-values of the surprise uniform where the prediction is true, and what does it find?

Runs of the paper's experiment are drawn from the engine's probabilities: of the device that was
predicted, of devices whose calibration has the assumed errors, and of devices that are worse or
better by 30 %. Prints the Kolmogorov-Smirnov test of each kind of p-value and the power at 5 %.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from scipy.stats import kstest

import recycling as rc
from recycling.inference.bath.thermometry import temperature_of
from recycling.inference.statistics.surprise import Expectation
from recycling.jobs.cut import protocol_pubs
from recycling.results.counts import tables_of
from recycling.results.prediction import ERROR, PROBABILITY, SENSITIVITY
from recycling.running.prediction import predicted
from recycling.simulation.probabilities import protocol_table

#: Level of the tests whose power is shown.
LEVEL = 0.05


def records(plan, device):
    """Probabilities on devices over a sweep (array of shape (device, setting, record))."""
    design = plan.experiment.design
    table = protocol_table(protocol_pubs(plan.experiment, plan.circuits), device, design)
    # (arm, stage, preparation, device, point, basis, …) → (device, arm, point, stage, …, record)
    flat = table.reshape(*table.shape[:6], -1)
    return flat.transpose(3, 0, 4, 1, 2, 5, 6).reshape(table.shape[3], -1, flat.shape[-1])


def expectation(plan, shots):
    """What is expected of the counts, with the settings in the order of ``records``."""
    found, design = predicted(plan), plan.experiment.design
    table = tables_of(found[PROBABILITY].expand_dims("trial"), design)
    size = table.shape[-1]
    slopes = tables_of(found[SENSITIVITY].rename(noise="trial").astype(float), design)
    slopes = np.moveaxis(slopes, 2, 0)
    settings = table.reshape(-1, size)
    return Expectation(
        np.full(len(settings), shots), settings, slopes.reshape(len(slopes), -1, size),
        found[ERROR].values,
    )  # fmt: skip


def scattered(device, spec, count, rng):
    """Devices whose numbers scatter about those of one as a spec assumes."""

    def factor(error, shape):
        return np.maximum(1 + error * rng.normal(size=(count, *shape)), 0.05)

    qubits = (device.num_qubits,)
    relaxation = 1 / np.asarray(device.t1)
    dephasing = 1 / np.asarray(device.t2) - relaxation / 2
    moved = relaxation * factor(spec.t1, qubits)
    # A change of the rate 1/T2 at the same T1, which no pure dephasing below 0 allows.
    rate = (dephasing + relaxation / 2) * factor(spec.t2, qubits) + (moved - relaxation) / 2
    pairs = [tuple(sorted(on)) for on in device.gates.qubits]
    kinds = dict.fromkeys(pairs)
    for on in kinds:
        error = spec.single_qubit_error if len(on) == 1 else spec.two_qubit_error
        kinds[on] = factor(error, ())
    errors = device.gates.errors * np.stack([kinds[on] for on in pairs], axis=-1)
    readout = {
        name: np.asarray(getattr(device, name)) * factor(spec.readout_error, qubits)
        for name in ("false_excited", "false_ground")
    }
    population = np.minimum(
        device.excited_population * factor(spec.excited_population, qubits), 0.49
    )
    kelvin = temperature_of(population, device.frequency)
    return device.replace(
        "scattered", t1=1 / moved, t2=1 / np.maximum(rate, moved / 2), temperature=kelvin,
        gates=replace(device.gates, errors=errors), **readout,
    )  # fmt: skip


def off(device, what, share):
    """A device whose lifetimes T1, or readout errors, are larger by a share; as a sweep of one."""
    if what == "T1":
        t1 = np.asarray(device.t1)
        dephasing = 1 / np.asarray(device.t2) - 1 / (2 * t1)
        longer = t1 * (1 + share)
        return device.replace("off", t1=longer[None], t2=1 / (dephasing + 1 / (2 * longer)))
    changed = {name: np.asarray(getattr(device, name)) * (1 + share)
               for name in ("false_excited", "false_ground")}  # fmt: skip
    return device.replace("off", t1=np.asarray(device.t1)[None], **changed)


def main():
    """Draw the runs and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument(
        "--shots", type=int, default=40_000, help="of a setting, all trials together"
    )
    arguments = parser.parse_args()
    rng, runs = np.random.default_rng(20261128), arguments.runs
    plan = rc.plan(rc.preset("paper"))
    expected = expectation(plan, arguments.shots)
    device, spec = plan.device, plan.experiment.prediction

    def surprises(tables):
        return [expected.against(rng.multinomial(arguments.shots, table)) for table in tables]

    true = surprises([expected.probabilities] * runs)
    devices = surprises(records(plan, scattered(device, spec, runs, rng)))
    for words, found in (
        ("by shots alone, the device as predicted", [each.p_statistical for each in true]),
        ("with errors, devices that scatter", [each.p_value for each in devices]),
    ):
        test = kstest(found, "uniform")
        share = np.mean(np.array(found) <= LEVEL)
        print(f"p-values {words}: KS D = {test.statistic:.3f}, p = {test.pvalue:.2f}; "
              f"{share:.1%} at or below {LEVEL:g} ({runs} runs)")  # fmt: skip
    few = max(runs // 10, 10)
    for what in ("T1", "readout"):
        for share in (-0.3, 0.3):
            (table,) = records(plan, off(device, what, share))
            found = surprises([table] * few)
            statistical, calibrated = (
                np.mean([getattr(each, name) <= LEVEL for each in found])
                for name in ("p_statistical", "p_value")
            )
            print(f"{what} {share:+.0%}: power {statistical:.2f} by shots alone, {calibrated:.2f} "
                  f"with the assumed errors ({few} runs)")  # fmt: skip


if __name__ == "__main__":
    main()
