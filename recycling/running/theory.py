"""Compute the noiseless theory of a run by the exact engine, and keep it with the run."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from circuits.design import EQUILIBRIUM
from recycling.planning.plan import Plan, plan
from recycling.planning.rehearsal import simulate_counts
from recycling.results.analysis import analyse_counts
from recycling.results.attributes import experiment_attributes
from recycling.results.reference import known_reference, theory_reference
from recycling.results.theory import (
    BLOCH,
    PROBABILITY,
    THEORY,
    ideal_experiment,
    stored_theory,
    theory_bytes,
)
from recycling.spec.experiment import Experiment
from recycling.store.files import write_whole

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Temperature, in units of hf/k, at which no qubit is excited to double precision.
_COLD = 1e-3


def keep_theory(run: Run, folder: Path | None = None) -> xr.Dataset:
    """Compute the theory of a run and write it beside the run, unless it is there.

    Args:
        run: opened run.
        folder: where to write, by default the run's directory; created where there is none.

    Raises:
        BadInput: the ideal experiment is more than this machine can do.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> (run.path / THEORY).is_file()  # a run keeps it at its end
        True
        >>> keep_theory(run).sizes["p_x"]
        2
        >>> folder.cleanup()
    """
    known = stored_theory(run, folder)
    if known is not None:
        return known
    theory, content = _computed(run.experiment.to_toml())
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / THEORY, content)
    return theory


@lru_cache(maxsize=4)
def _computed(spec: str) -> tuple[xr.Dataset, bytes]:
    """Theory of a spec, and the content of its file: many runs in a row are of the same spec."""
    theory = theory_dataset(Experiment.stored(spec, {}))
    return theory, theory_bytes(theory)


def theory_dataset(experiment: Experiment) -> xr.Dataset:
    """Compute the noiseless counterpart of an experiment, with infinitely many shots: Fig. 4(c).

    Returns:
        The Dataset of ``analyse`` for ideal gates and a thermal start, and the states of
        ``branch_states``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> theory_dataset(experiment)["gain"].sizes["theta"]
        2
    """
    ideal = ideal_experiment(experiment)
    planned = plan(ideal)
    attributes = experiment_attributes(ideal, planned.device) | {"data_kind": "simulated"}
    states = branch_states(planned)
    reference = known_reference(ideal)
    if reference is None:
        reference = theory_reference(states, experiment.design)
    theory = analyse_counts(ideal, simulate_counts(planned), attributes, reference=reference)
    return theory.merge(states)


def branch_states(ideal: Plan) -> xr.Dataset:
    """Compute the states of the recycled register after the ideal algorithm, begun in |0…0⟩.

    Args:
        ideal: plan of an ideal experiment; its thermal start is left out.

    Returns:
        ``BLOCH``: Bloch vector of each recycled qubit in the branch that an arm analyses (dims arm,
        swept parameters, role, axis; NaN where the branch has no probability). ``PROBABILITY`` of
        that branch (dims arm, swept parameters).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> branch_states(plan(ideal_experiment(experiment)))[BLOCH].dims
        ('arm', 'theta', 'role', 'axis')
    """
    import xarray as xr

    cold = _COLD * planck * ideal.device.frequency.max() / boltzmann
    device = ideal.device.replace("a start in the ground state", temperature=cold)
    counts, design = simulate_counts(replace(ideal, device=device)), ideal.experiment.design
    # Nothing is reset in this arm: it shows all branches.
    before = counts.sel(
        arm=EQUILIBRIUM, stage=design.stages[0], preparation=design.preparations[0], drop=True
    ).isel(trial=0, drop=True)
    branches = xr.concat(
        [before.isel(flag=list(arm.records)).sum("flag") for arm in design.arms],
        xr.Variable("arm", list(design.arm_names)),
    )
    probability = branches.isel(basis=0, drop=True).sum(list(design.measured))
    vectors = []
    for role in design.register(design.recycled).roles:
        of_role = branches.sum([other for other in design.measured if other != role])
        ground, excited = (of_role.isel({role: bit}, drop=True) for bit in (0, 1))
        vectors.append((ground - excited) / (ground + excited).where(ground + excited > 0))
    roles = xr.Variable("role", list(design.register(design.recycled).roles))
    bloch = xr.concat(vectors, roles).rename(basis="axis")
    sweep = ("arm", *design.parameter_names)
    return xr.Dataset(
        {
            BLOCH: bloch.transpose(*sweep, "role", "axis").assign_attrs(
                units="1", long_name="Bloch vector in the ideal branch that the arm analyses"
            ),
            PROBABILITY: probability.transpose(*sweep).assign_attrs(
                units="1", long_name="probability of the ideal branch that the arm analyses"
            ),
        }
    )
