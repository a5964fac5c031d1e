"""Where the coverage study simulates: points drawn from all that is promised."""

from math import pi

import numpy as np
from numpy.typing import NDArray
from simulated import Cell

from circuits.protocol import ARMS

#: The range of the promise: devices, T0 (K), p_x and shots of each basis; θ_b from 0 to π/4.
DEVICES = ("ideal", "paper", "FakeTorino")
TEMPERATURES = (0.015, 0.080)
P_X = (0.01, 0.5)
SHOTS = (300, 20_000)
#: Angles of one batch, each of which both arms have a point at.
ANGLES = 8


def random_cells(seed: tuple[int, ...], experiments: int) -> list[Cell]:
    """Sixteen points on one device at one T0, all drawn at random.

    T0 and θ_b are uniform; shots and half of the p_x are uniform in their logarithm, as they scale;
    the others are uniform, and every eighth is 1/2, where the target is maximally mixed.
    """
    generator = np.random.default_rng(seed)
    profile = str(generator.choice(DEVICES))
    temperature = float(generator.uniform(*TEMPERATURES))
    theta_b = np.sort(generator.uniform(0, pi / 4, ANGLES))
    tables = record_probabilities(profile, temperature, theta_b)
    cells = []
    for place, (arm, angle) in enumerate((arm, angle) for arm in ARMS for angle in theta_b):
        uniform, scaling = generator.uniform(*P_X), _log_uniform(generator, *P_X)
        p_x = P_X[1] if place % ANGLES == 0 else (uniform, scaling)[place % 2]
        cells.append(
            Cell(
                profile, temperature, arm, float(angle), round(_log_uniform(generator, *SHOTS)),
                tables[ARMS.index(arm), :, :, place % ANGLES], np.array([p_x]), experiments, (),
            )
        )  # fmt: skip
    return cells


def _log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def record_probabilities(
    profile: str, temperature: float, theta_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact probabilities of the records (arm, stage, preparation, theta_b, basis, 16)."""
    from recycling.planning.plan import plan
    from recycling.simulation.probabilities import protocol_probabilities
    from recycling.spec.experiment import Experiment, preset

    fields = preset("theory").model_dump()
    fields["bath"]["temperature"] = temperature
    fields["device"]["profile"] = profile
    fields["sweep"]["theta_b"] = tuple(theta_b.tolist())
    planned = plan(Experiment.model_validate(fields))
    pubs = planned.pubs(planned.jobs[0])
    exact = protocol_probabilities(pubs, planned.device, planned.experiment.design).values
    tables = np.maximum(exact.reshape(*exact.shape[:5], 16), 0)
    return np.asarray(tables / tables.sum(axis=-1, keepdims=True))
