"""Our engine and its rivals on one circuit of the protocol with the same noise, in one run.

    make rivals ARGS="--rounds 5 --points 1000"

The circuit is "recycling after X" of the preset paper at θ_b = π/4 in basis X: six qubits, thermal
relaxation and depolarization after each gate, relaxation while waiting, a measurement with
feedforward, readout errors. Wanted is the exact distribution of the four recorded bits. Before
anything is timed all answers must agree to 1e-9; then all are timed in turns, each in a process of
its own on one core. Shortest times count. Writes build/benchmarks/rivals.json.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.rivals import ours
from benchmarks.rivals.channels import reference
from benchmarks.rivals.problem import load, save
from benchmarks.timing import machine

FOLDER = Path("build/benchmarks")
VENV = Path("build/rivals-venv/bin/python")
TOLERANCE = 1e-9
#: Shots of one answer deviate from the exact distribution by so many standard errors at most.
SIGMAS = 6
ENTRANTS = (
    ("ours, NumPy", "ours", "engine", "merged"),
    ("ours, JAX", "ours", "engine_jax", "merged"),
    ("TensorCircuit-NG, channels merged for it", "tensorcircuit_ng", "contestant", "merged"),
    ("TensorCircuit-NG", "tensorcircuit_ng", "contestant", "separate"),
    ("Aer, merged for it", "qiskit_aer", "density_matrix", "merged"),
    ("Aer", "qiskit_aer", "density_matrix", "separate"),
    ("qulacs vector, merged for it", "qulacs_vector", "vector", "merged"),
    ("qulacs vector", "qulacs_vector", "vector", "separate"),
    ("qulacs", "qulacs_vector", "density_matrix", "separate"),
    ("QuTiP, merged for it", "qutip_sparse", "contestant", "merged"),
    ("QuTiP", "qutip_sparse", "contestant", "separate"),
    ("Braket, merged for it", "braket_default", "contestant", "merged"),
    ("Braket", "braket_default", "contestant", "separate"),
    ("Aer per shot", "qiskit_aer", "per_shot", "separate"),
)  # fmt: skip


@dataclass
class Entrant:
    """A contestant in its process, and its times (s)."""

    name: str
    process: subprocess.Popen
    mode: str = ""
    shots: int = 0
    first: float = float("nan")
    batch: bool = False
    skipped: str = ""
    deviation: float = float("nan")
    batch_deviation: float = float("nan")
    versions: dict = field(default_factory=dict)
    times: dict = field(default_factory=dict)

    def read(self):
        """Next line of the process; it ends where there is none."""
        line = self.process.stdout.readline()
        if not line:
            raise EOFError((self.process.communicate()[1].strip().splitlines() or ["ended"])[-1])
        return json.loads(line)

    def ask(self, call, **options):
        """Reply to a request."""
        self.process.stdin.write(json.dumps({"call": call, **options}) + "\n")
        self.process.stdin.flush()
        return self.read()

    def row(self):
        """What goes into the JSON."""
        kept = ("name", "mode", "shots", "first", "skipped", "deviation", "batch_deviation",
                "versions", "times")  # fmt: skip
        return {name: getattr(self, name) for name in kept}


def start(entrant):
    """Start the process of a contestant; one that cannot start says why."""
    name, module, function, steps = entrant
    python = sys.executable if module == "ours" else str(VENV)
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    environment = {**os.environ, **threads, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    process = subprocess.Popen(
        [python, "-m", "benchmarks.rivals.worker", module, function, steps, str(FOLDER)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip
    started = Entrant(name, process)
    try:
        for key, value in started.read().items():
            setattr(started, key, value)
    except EOFError as fault:
        started.skipped = str(fault)
    return started


def check(entrant, exact, batch):
    """Deviation of an answer from the yardstick; more than the tolerance ends the benchmark."""
    answer = np.array(entrant.ask("answer")["answer"])
    entrant.deviation = float(np.abs(answer - exact).max())
    allowed = TOLERANCE
    if entrant.shots:
        allowed = SIGMAS * float(np.sqrt(exact * (1 - exact) / entrant.shots).max())
    if not entrant.deviation <= allowed:
        sys.exit(f"{entrant.name} deviates by {entrant.deviation:.1e}: more than {allowed:.0e}")
    if entrant.batch:
        path = FOLDER / "answers.npy"
        entrant.ask("answers", file=str(path))
        entrant.batch_deviation = float(np.abs(np.load(path) - batch).max())
        if not entrant.batch_deviation <= TOLERANCE:
            sys.exit(f"{entrant.name}, batch: deviates by {entrant.batch_deviation:.1e}")


def race(entrants, rounds):
    """Time all in turns: shortest wall and CPU times of all rounds (s)."""
    for entrant in entrants:
        entrant.times = {}
    for _ in range(rounds):
        for entrant in entrants:
            slow = entrant.shots > 0
            for call in ("solve", "execute", *(["batch"] if entrant.batch else [])):
                repeat = 1 if slow or call == "batch" else 10
                times = entrant.ask(call, repeat=repeat)
                best = entrant.times.setdefault(call, times)
                entrant.times[call] = {key: min(best[key], times[key]) for key in times}


def table(entrants, points):
    """Lines of the table: shortest CPU times, their ratios to ours, and wall times below."""
    ours_first = [entrant for entrant in entrants if entrant.name.startswith("ours")]
    base = {
        call: min((entrant.times[call] for entrant in ours_first), key=lambda times: times["cpu"])
        for call in ("solve", "execute", "batch")
    }
    rivals = [entrant for entrant in entrants if entrant not in ours_first]
    rivals.sort(key=lambda entrant: entrant.times["solve"]["cpu"] if entrant.times else np.inf)
    heads = ("numbers to answer", "prepared to answer", f"batch of {points:,}")
    yield f"{'CPU time, ratio to our best':<42}" + "".join(f"{head:>26}" for head in heads)
    for entrant in ours_first + rivals:
        if entrant.skipped:
            yield f"{entrant.name:<42}skipped: {entrant.skipped}"
            continue
        looped = {key: points * value for key, value in entrant.times["solve"].items()}
        cells = [_cell(entrant.times[call], base[call]) for call in ("solve", "execute")]
        cells.append(_cell(entrant.times.get("batch", looped), base["batch"]))
        if not entrant.batch:
            cells[-1] = f"({cells[-1]})"
        yield f"{entrant.name:<42}" + "".join(f"{cell:>26}" for cell in cells)
        walls = (f"{times['wall'] * 1e3:,.3g}" for times in entrant.times.values())
        yield (f"    {entrant.mode}; wall {' / '.join(walls)} ms; first call "
               f"{entrant.first:.2g} s; deviates by {entrant.deviation:.0e}")  # fmt: skip
    yield "\n(In brackets: so many points one after the other, extrapolated from one.)"


def _cell(times, base):
    time, ratio = times["cpu"] * 1e3, times["cpu"] / base["cpu"]
    shown = (f"{number:,.0f}" if number >= 100 else f"{number:.3g}" for number in (time, ratio))
    return "{} ms {:>9} ×".format(*shown)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how many turns each has")
    parser.add_argument("--points", type=int, default=1000, help="devices of the batch")
    options = parser.parse_args()
    if options.rounds < 1 or options.points < 1:
        parser.error("--rounds and --points: give 1 or more")
    if not VENV.exists():
        sys.exit(f"{VENV} is missing: run make rivals, which sets it up")

    circuit, device = ours.circuit_and_device()
    written, numbers = ours.problem_of(circuit, device)
    batched = ours.random_batch(circuit, device, options.points)
    save(FOLDER, written, numbers | ours.swept_numbers(device), batched)
    problem, point, batch = load(FOLDER)
    exact = reference(problem, point)
    answers = np.stack([
        reference(problem, {name: batch[name][index] for name in point})
        for index in range(options.points)
    ])  # fmt: skip
    entrants = []
    for each in ENTRANTS:
        print(f"preparing {each[0]} …", file=sys.stderr)
        entrants.append(start(each))
    running = [entrant for entrant in entrants if not entrant.skipped]
    for entrant in running:
        check(entrant, exact, answers)
    race(running, options.rounds)
    where = machine()
    data = {"machine": where, "points": options.points, "rounds": options.rounds,
            "entrants": [entrant.row() for entrant in entrants]}  # fmt: skip
    (FOLDER / "rivals.json").write_text(json.dumps(data, indent=1))
    print(f"{where['processor']}, one core each, load {where['load']:.1f}; shortest CPU times of "
          f"{options.rounds} rounds in turns\n")  # fmt: skip
    print("\n".join(table(entrants, options.points)))


if __name__ == "__main__":
    main()
