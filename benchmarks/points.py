"""Points of a sweep over noise, for benchmarks: random devices, and the protocol at all of them."""

from dataclasses import replace
from functools import cache

import numpy as np

from recycling.jobs.job import Pub
from recycling.planning.circuits import compile_open
from recycling.planning.plan import plan
from recycling.simulation.engine import compile_programs, execute
from recycling.spec.experiment import preset


@cache
def paper():
    """The plan of the preset paper."""
    return plan(preset("paper"))


@cache
def protocol(theta_b=np.pi / 4):
    """Device and PUBs of the preset paper at one angle: 8 circuits × 3 bases.

    The circuits have no schedule, so that the latency may be another at each point.
    """
    planned = paper()
    experiment, device = planned.experiment, planned.device
    circuits = compile_open(experiment, device, experiment.design.settings).values()
    pubs = planned.pubs(planned.jobs[0])
    angle = {"theta_b": np.array([[theta_b]])}
    return device, [
        Pub(circuit, pub.parameters | angle) for circuit, pub in zip(circuits, pubs, strict=True)
    ]


def random_devices(device, points, *, latency=True, seed=12):
    """Device whose noise, and by default latency, is random at each of so many points."""
    generator = np.random.default_rng(seed)

    def scaled(array, low, high):
        """A factor for each point, the same for all qubits or gates."""
        factor = np.exp(generator.uniform(np.log(low), np.log(high), points))
        return np.multiply.outer(factor, array)

    t1 = scaled(device.t1, 0.3, 1.5)
    return device.replace(
        "benchmark",
        t1=t1,
        t2=np.minimum(scaled(device.t2, 0.3, 1.5), 2 * t1),
        temperature=generator.uniform(0.02, 0.09, (points, 1)),
        false_excited=scaled(device.false_excited, 0.2, 5),
        false_ground=scaled(device.false_ground, 0.2, 5),
        gates=replace(device.gates, errors=scaled(device.gates.errors, 0.3, 3)),
        **({"feedforward_latency": generator.uniform(0.1e-6, 3e-6, points)} if latency else {}),
    )


def compiled(pubs, devices):
    """The PUBs compiled for devices."""
    circuits = [(pub.circuit, pub.parameters) for pub in pubs]
    return compile_programs(circuits, devices, scheduled=False)


def evaluated(pubs, devices):
    """Probabilities of all records at every point, compilation included."""
    return [outcome.probabilities for outcome in execute(compiled(pubs, devices))]
