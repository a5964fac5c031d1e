"""A plan for people and for scripts: what it compiles to, costs, and promises to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits.design import symbol
from recycling.compilation.decouple import pulse_counts
from recycling.compilation.structure import Step, duration_of_circuit, schedule, structure
from recycling.reporting.tables import Table
from recycling.results.link import link_attributes, link_in_words, made_link
from recycling.studies.prediction_view import prediction_summary, prediction_table, promise
from recycling.studies.words import (
    counted,
    fits_or_not,
    in_time,
)

if TYPE_CHECKING:
    from circuits.design import Setting
    from recycling.planning.cost import Cost, JobCost
    from recycling.planning.plan import Plan
    from recycling.spec.experiment import Experiment


def plan_headline(plan: Plan) -> str:
    """Write the cost and the promise of a plan in a line.

    Example:
        >>> import recycling
        >>> plan_headline(recycling.plan(recycling.preset("theory"))).split(";")[0]
        'infinitely many shots: for the exact engine alone'
    """
    return f"{_cost_in_words(plan)}; {promise(plan.prediction, plan.quantum)}"


def plan_tables(plan: Plan) -> list[Table]:
    """Describe a plan, in tables that fit a terminal of 80 columns.

    Example:
        >>> import recycling
        >>> plan_tables(recycling.plan(recycling.preset("theory")))[1].columns[0]
        'circuit'
    """
    tables = [_overview(plan), _circuits(plan)]
    if not plan.device.is_instantaneous:
        tables.append(_schedule(plan))
    if plan.cost is not None:
        tables += [_jobs(plan, plan.cost), _limits(plan, plan.cost)]
    return [
        *tables,
        prediction_table(plan.prediction, plan.quantum, plan.experiment.bath.temperature),
    ]


def plan_summary(plan: Plan) -> dict[str, Any]:
    """Describe a plan as JSON: units are in the keys, null stands for infinity.

    Example:
        >>> import recycling
        >>> len(plan_summary(recycling.plan(recycling.preset("theory")))["circuits"])
        8
    """
    device, link = plan.device, made_link(plan.experiment, plan.device)
    return {
        "headline": plan_headline(plan),
        "experiment": plan.experiment.name,
        "spec_hash": plan.experiment.hash,
        "backend": str(plan.backend),
        "device": device.name,
        "layout": None
        if device.layout is None
        else dict(zip(device.roles, device.layout, strict=True)),
        "temperature_K": plan.experiment.bath.temperature,
        "feedforward_latency_s": device.feedforward_latency,
        "feedforward_latency_source": device.sources["feedforward_latency"],
        **_stage_summary(plan.experiment),
        "circuits": [
            {
                "arm": arm,
                "stage": stage,
                "preparation": preparation,
                "gates": dict(found.gates),
                "conditional_gates": dict(found.conditional),
                "depth": found.depth,
                "duration_s": found.duration,
            }
            for (arm, stage, preparation), circuit in plan.circuits.items()
            for found in [structure(circuit, device)]
        ],
        "schedule": [
            {
                "part": step.name,
                "qubits": list(step.roles),
                "start_s": step.start,
                "duration_s": step.duration,
                **({"pulses": pulses} if pulses else {}),
            }
            for step, pulses in _steps(plan)
        ],
        **_decoupling_summary(plan.experiment),
        "cost": None if plan.cost is None else _cost_summary(plan, plan.cost),
        "instance_remaining_seconds": _remaining(plan),
        "prediction": prediction_summary(plan.prediction),
        **(
            {}
            if link is None
            else {"link": {**link_attributes(link), "warning": link.link.warning}}
        ),
    }


def longest_setting(plan: Plan) -> Setting:
    """Setting whose circuit takes longest; of several the one with most gates.

    Example:
        >>> import recycling
        >>> longest_setting(recycling.plan(recycling.preset("theory")))[1:]
        ('after', 'X')
    """
    circuits = plan.circuits
    return max(
        circuits,
        key=lambda setting: (
            duration_of_circuit(circuits[setting], plan.device),
            sum(structure(circuits[setting], plan.device).gates.values()),
        ),
    )


def _overview(plan: Plan) -> Table:
    experiment, device = plan.experiment, plan.device
    measurement, prediction = experiment.measurement, plan.prediction
    layout = "none: every pair is coupled"
    if device.layout is not None:
        layout = ", ".join(
            f"{role} {qubit}" for role, qubit in zip(device.roles, device.layout, strict=True)
        )
    swept = " × ".join(
        f"{len(values)} {symbol(name)}" for name, values in experiment.coordinates.items()
    )
    rows = [
        ("backend", str(plan.backend)),
        ("device", device.name),
        ("qubits", layout),
        ("sweep", f"{swept}, {len(experiment.p_x)} p_x from the same shots"),
        ("shots", f"{_shots(experiment)}, {counted(measurement.trials, 'trial')}"),
        ("bath", f"{experiment.bath.frequency / 1e9:g} GHz at {_temperature(plan)}"),
        *_stage_row(experiment),
        *_decoupling_row(experiment),
        ("shown", f"p_x = {prediction.p_x:g}, recycling arm"),
    ]
    link = made_link(experiment, device)
    if link is None:
        return Table((f"plan of {experiment.name}", ""), rows)
    rows.append(("link", link_in_words(link)))
    warning = f"Warning of the link: {link.link.warning}." if link.link.warning else ""
    return Table((f"plan of {experiment.name}", ""), rows, warning)


def _shots(experiment: Experiment) -> str:
    shots, allocation = experiment.measurement.shots, experiment.allocation
    number = "infinitely many" if shots == "exact" else f"{shots:,}"
    if allocation is None:
        return f"{number} of each basis and preparation"
    least, most = allocation.repeats.min(), allocation.repeats.max()
    return f"{number} of each entry, repeated {least:,} to {most:,} times"


def _circuits(plan: Plan) -> Table:
    found = {setting: structure(c, plan.device) for setting, c in plan.circuits.items()}
    names = dict.fromkeys(("cz", *sorted({name for s in found.values() for name in s.gates})))
    rows = [
        (
            " ".join(setting),
            *(str(own.gates.get(name, 0)) for name in names),
            str(own.depth),
            f"{own.duration * 1e6:.3f}",
        )
        for setting, own in found.items()
    ]
    block = max((own.conditional for own in found.values()), key=len)
    inside = ", ".join(f"{block[name]} {name}" for name in names if name in block)
    return Table(
        ("circuit", *names, "depth", "length (µs)"), rows,
        f"The recycling arm's conditional block, {inside}, is counted as executed. Each circuit "
        "serves all angles and bases by its parameters.",
    )  # fmt: skip


def _schedule(plan: Plan) -> Table:
    device, setting = plan.device, longest_setting(plan)
    echoed = plan.experiment.decoupling.sequence != "none"
    rows = [
        (
            step.name,
            "all" if step.roles == device.roles else ", ".join(step.roles),
            f"{step.start * 1e6:.3f}",
            f"{step.duration * 1e6:.3f}",
            *([", ".join(f"{n} on {role}" for role, n in pulses.items())] if echoed else []),
        )
        for step, pulses in _steps(plan)
    ]
    columns = ("part of the longest branch", "qubits", "start (µs)", "duration (µs)")
    return Table(
        (*columns, "pulses") if echoed else columns, rows,
        f"Circuit {' '.join(setting)}, condition met. The feedforward latency is "
        f"{device.sources['feedforward_latency']}.",
    )  # fmt: skip


def _steps(plan: Plan) -> list[tuple[Step, dict[str, int]]]:
    """Parts of the longest circuit, and the pulses of decoupling in each by role."""
    circuit, device = plan.circuits[longest_setting(plan)], plan.device
    return [
        (step, pulse_counts(circuit, device, step.start, step.start + step.duration))
        for step in schedule(circuit, device, plan.experiment.design)
    ]


def _jobs(plan: Plan, cost: Cost) -> Table:
    rows = [
        (str(len(jobs)), jobs[0].job.name, *_numbers(jobs[0])) for jobs in _alike(cost).values()
    ]
    rows.append((str(len(cost.jobs)), "all", *_numbers(cost)))
    return Table(
        ("jobs", "such as", "PUBs", "circuits", "executions", "in circuits (s)", "QPU (s)"), rows,
        "Numbers of one such job, and of all. A circuit here has all its parameters given. QPU "
        f"time, which pay-as-you-go plans bill, by {cost.price.formula}, with "
        f"rep_delay = {cost.rep_delay * 1e6:g} µs, {_delay_source(plan)}.",
    )  # fmt: skip


def _limits(plan: Plan, cost: Cost) -> Table:
    largest = max(own.executions for own in cost.jobs)
    longest = max(own.qpu_seconds for own in cost.jobs)
    count, seconds = len(cost.jobs), cost.qpu_seconds
    limits, allowance = cost.limits, cost.price.allowance
    rows = [
        ("executions of a job", f"{largest:,}", f"{limits.executions_per_job:,}",
         fits_or_not(largest <= limits.executions_per_job)),
        ("QPU time of a job", f"{longest:,.0f} s", f"{_longest_job(plan, cost):,.0f} s",
         fits_or_not(longest <= _longest_job(plan, cost))),
        ("posts", counted(count, "job"), f"{limits.jobs_per_minute} a minute",
         f"takes {cost.posting_minutes} min" if cost.posting_minutes else "fits"),
    ]  # fmt: skip
    if allowance is not None:
        name, given = allowance
        rows.append(
            (name, in_time(seconds), f"{in_time(given)} in {cost.price.allowance_days} days",
             f"{seconds / given:.2g} allowances" if seconds > given else "fits")
        )  # fmt: skip
    remaining = _remaining(plan)
    if remaining is not None:
        rows.append(
            ("left in the instance", in_time(seconds), in_time(remaining),
             fits_or_not(seconds <= remaining))
        )  # fmt: skip
    mode = plan.experiment.hardware.mode
    note = "" if mode != "session" else (
        "A session is billed by the clock from its first job to its end, more than the QPU time "
        "above, and the open plan has none."
    )  # fmt: skip
    return Table(("limit", "this plan", "allowed", ""), rows, note)


def _cost_summary(plan: Plan, cost: Cost) -> dict[str, Any]:
    return {
        "qpu_seconds": cost.qpu_seconds,
        "circuit_seconds": cost.circuit_seconds,
        "executions": cost.executions,
        "pubs": cost.pubs,
        "parameter_sets": cost.parameter_sets,
        "rep_delay_s": cost.rep_delay,
        "longest_job_qpu_seconds": _longest_job(plan, cost),
        "posting_minutes": cost.posting_minutes,
        "open_plan_allowances": cost.allowances,
        "jobs_beyond_limits": [
            own.job.name for own in cost.beyond_limits(_longest_job(plan, cost))
        ],
        "jobs": [
            {
                "name": own.job.name,
                "pubs": own.pubs,
                "parameter_sets": own.parameter_sets,
                "executions": own.executions,
                "circuit_seconds": own.circuit_seconds,
                "qpu_seconds": own.qpu_seconds,
            }
            for own in cost.jobs
        ],
    }


def _cost_in_words(plan: Plan) -> str:
    if plan.cost is None:
        return "infinitely many shots: for the exact engine alone"
    cost = f"{in_time(plan.cost.qpu_seconds)} of QPU time in {counted(len(plan.cost.jobs), 'job')}"
    return cost if plan.hardware is not None else f"on hardware {cost}"


def _alike(cost: Cost) -> dict[tuple[str, ...], list[JobCost]]:
    """Jobs that differ by name alone, by their numbers."""
    groups: dict[tuple[str, ...], list[JobCost]] = {}
    for own in cost.jobs:
        groups.setdefault(_numbers(own), []).append(own)
    return groups


def _numbers(cost: JobCost | Cost) -> tuple[str, ...]:
    return (
        str(cost.pubs),
        f"{cost.parameter_sets:,}",
        f"{cost.executions:,}",
        f"{cost.circuit_seconds:,.1f}",
        f"{cost.qpu_seconds:,.1f}",
    )


def _delay_source(plan: Plan) -> str:
    if plan.experiment.hardware.rep_delay is not None:
        return "given in the spec"
    if plan.hardware is not None:
        return f"the default of {plan.hardware.name}"
    return "the documented default of a Heron: as if on hardware"


def _longest_job(plan: Plan, cost: Cost) -> float:
    """QPU time after which a job is cancelled, s."""
    return plan.experiment.hardware.max_execution_time or cost.limits.longest_job


def _remaining(plan: Plan) -> float | None:
    """QPU time that the account's instance still has, s; None where nobody says."""
    return None if plan.hardware is None else plan.hardware.remaining_seconds


def _temperature(plan: Plan) -> str:
    source = plan.device.source("temperature", "B")
    return f"T0 = {plan.experiment.bath.temperature * 1e3:g} mK ({source})"


def _stage_row(experiment: Experiment) -> list[tuple[str, str]]:
    if experiment.stage is None:
        return []
    return [("stage", experiment.stage.build().words(experiment.bath.temperature))]


def _decoupling_row(experiment: Experiment) -> list[tuple[str, str]]:
    spec, rows = experiment.decoupling, []
    slow = experiment.device.low_frequency_dephasing
    if slow is not None:
        rows.append(("slow detunings", f"declared: leave 1/e after {slow * 1e6:g} µs"))
    if spec.sequence == "none":
        return rows
    roles = "recycled qubit, bath, target" if spec.qubits is None else ", ".join(spec.qubits)
    shortest = f", in windows from {spec.shortest * 1e6:g} µs on" if spec.shortest else ""
    return [*rows, ("decoupling", f"{spec.sequence} on {roles}{shortest}")]


def _decoupling_summary(experiment: Experiment) -> dict[str, Any]:
    """Entry of the decoupling, where there is one."""
    spec = experiment.decoupling
    if spec.sequence == "none":
        return {}
    return {
        "decoupling": {
            "sequence": spec.sequence,
            "qubits": None if spec.qubits is None else list(spec.qubits),
            "shortest_s": spec.shortest,
        }
    }


def _stage_summary(experiment: Experiment) -> dict[str, Any]:
    """Entry of the stage, where there is one."""
    stage = experiment.stage
    if stage is None:
        return {}
    return {
        "stage": {
            "calibrated_at_K": stage.calibrated_at,
            "loss_tangent": stage.loss_tangent,
            "bath": stage.bath,
            "dephasing_prefactor": stage.dephasing_prefactor,
        }
    }
