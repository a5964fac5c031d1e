"""Kill runs, copy them, lose their jobs and let the service fail; count what is lost or paid twice.

``make soak`` runs it at full length and prints the table of docs/durability.md. The tests run a
short, seeded version of the same functions.
"""

import argparse
import itertools
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import recycling as rc
from recycling.execution.ibm.backend import LIST_LAG
from recycling.studies.stored import status
from tests.killing import (
    ROUNDS,
    UNTIL,
    forked,
    kill_and_resume,
    points,
    resume_and_die,
    run_and_die,
)
from tests.loopback import (
    ACCEPTED,
    TRANSPORT,
    Fault,
    Faults,
    JobRecord,
    LoopbackService,
    Twice,
)

IBM = "ibm:ibm_marrakesh"
#: Jobs of a run of the small spec.
JOBS = 2


@dataclass
class Tally:
    """What a soak found: jobs that runs needed, that were executed, and of these booked ones."""

    runs: int = 0
    kills: int = 0
    needed: int = 0
    executed: int = 0
    booked: int = 0
    different: int = 0
    faults: Counter = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in vars(self)})

    @property
    def duplicates(self) -> int:
        """Jobs executed beyond those needed and those that a run tells of."""
        return self.executed - self.needed - self.booked

    def row(self, name: str) -> str:
        """One line of the table."""
        numbers = (self.runs, self.kills, self.faults.total(), self.needed, self.executed,
                   self.booked, self.different)  # fmt: skip
        return f"| {name} | " + " | ".join(map(str, numbers)) + " |"


HEAD = (
    "| | runs | kills | faults | jobs needed | executed | of these told as surplus | different |",
    "|---|---|---|---|---|---|---|---|",
)


def same_result(out: Path, reference: Path) -> bool:
    """Whether two runs have the same Dataset and the same bits of every shot."""
    run, other = rc.open_run(out), rc.open_run(reference)
    shots = all((run.outcomes(job).shots == other.outcomes(job).shots).all() for job in other.jobs)
    return bool(shots) and rc.analyse(run).identical(rc.analyse(other))


def _rule(rounds: bool) -> dict[str, str]:
    """Variables that let a run go in rounds."""
    return {UNTIL: "below_tight"} if rounds else {}


@dataclass
class Bench:
    """A service, and a run that nothing happened to; ``bound`` is the longest lag of its list, s.

    The client is told that bound. Every run gets a lag of its own below it. ``rounds`` lets runs go
    in rounds, with a look after each.
    """

    folder: Path
    service: LoopbackService
    randomness: random.Random
    bound: float = 0.1
    rounds: bool = False

    def __post_init__(self) -> None:
        self.environment = self.service.environment() | _rule(self.rounds)
        self.jobs = ROUNDS if self.rounds else JOBS
        self.reference = self.folder / "reference"
        #: Points to die at in a whole run.
        self.total = points(IBM, self.reference, self.environment)

    def go(self, out: Path, kill_at: int | None = None, *, wait: bool = True) -> int:
        """Run the small spec, or go on with it, in a process; returns its exit code."""
        return forked(run_and_die, IBM, out, self.environment, kill_at, None, self.bound, wait)

    def accepted(self, out: Path) -> list[JobRecord]:
        """Jobs that the service has accepted for a run."""
        if not (out / "run.json").exists():
            return []
        run_id = json.loads((out / "run.json").read_text())["run_id"]
        return [job for job in self.service.jobs if f"run:{run_id}" in job.tags]

    def new(self) -> Path:
        """Folder of a new run, for which the service gets a lag and a queue, empty or not."""
        service, draw = self.service, self.randomness.random
        service.faults.clear()
        service.list_lag = 0.95 * self.bound * draw()
        service.at_once = draw() < 0.5
        service.queue_polls = 0 if service.at_once else 2
        return Path(tempfile.mkdtemp(dir=self.folder)) / "run"

    def tally(self, out: Path, *, needed: int | None = None, **found: object) -> Tally:
        """What became of one run, and of its copies."""
        booked = {
            surplus.id
            for folder in out.parent.iterdir()
            if (folder / "run.json").exists()
            for record in status(folder).values()
            for surplus in record.surplus
        }
        executed = {job.id for job in self.accepted(out) if job.state == "Completed"}
        return Tally(
            runs=1,
            needed=self.jobs if needed is None else needed,
            executed=len(executed),
            # A double that is told of and still waits, or was cancelled, has cost nothing here.
            booked=len(booked & executed),
            different=int(not same_result(out, self.reference)),
            **found,
        )


def killed(bench: Bench) -> Tally:
    """A run is killed somewhere, and gone on with at once, again and again."""
    out, point = bench.new(), bench.randomness.randrange(bench.total)
    kills = kill_and_resume(IBM, out, bench.environment, point, bench.randomness, bench.bound)
    return bench.tally(out, kills=kills)


def copied(bench: Bench) -> Tally:
    """A run is killed and copied, and the copies are brought to their ends, one after the other."""
    out = bench.new()
    kills = 0
    while not (out / "run.json").exists():
        kills += bench.go(out, bench.randomness.randrange(bench.total)) != 0
    copies = [out, *(out.with_name(f"copy-{number}") for number in range(2))]
    for copy in copies[1:]:
        shutil.copytree(out, copy)
    bench.randomness.shuffle(copies)
    for copy in copies:
        assert bench.go(copy) == 0
        assert same_result(copy, bench.reference)
    return bench.tally(out, kills=kills)


def lost(bench: Bench) -> Tally:
    """The service forgets a job, executed or not; only that one is submitted again."""
    out, service, choose = bench.new(), bench.service, bench.randomness.choice
    service.at_once, service.queue_polls = False, 1000
    kills = 0
    while bench.go(out, bench.randomness.randrange(bench.total), wait=False) != 3:
        kills += 1
    forgotten, executed = choose(bench.accepted(out)), choose((True, False))
    service.queue_polls = 0
    if executed:
        service.poll(forgotten.id)
    service.forget(forgotten.id, choose((404, 410)))
    assert bench.go(out) == 4
    states = Counter(record.state for record in status(out).values())
    assert states == {"lost": 1, "done": JOBS - 1}, states
    retry = partial(forked, resume_and_die, out, bench.environment, bench.bound)
    while (code := retry(bench.randomness.randrange(40))) != 0:
        assert code == -9, code
        kills += 1
    assert len(bench.accepted(out)) == JOBS + 1
    return bench.tally(out, needed=JOBS + executed, kills=kills)


def failing(bench: Bench) -> Tally:
    """The service answers wrongly, late or not at all, also behind an acceptance."""
    out = bench.new()
    seed, service = bench.randomness.randrange(2**32), bench.service
    service.faults = Faults.random(seed, 0.2, effects=TRANSPORT + 2 * ACCEPTED)
    for _ in range(8):  # a run gives up on a service that is down, and can be continued
        if bench.go(out) == 0:
            break
    return bench.tally(out, faults=Counter(service.faults.injected))


def doubled(bench: Bench) -> Tally:
    """A gateway sends every second submission twice, by itself."""
    out = bench.new()
    bench.service.faults.append(Fault(Twice(), skip=bench.randomness.randrange(JOBS)))
    before = bench.service.faults.injected.total()
    assert bench.go(out) == 0
    number = bench.service.faults.injected.total() - before
    return bench.tally(out, faults=Counter({"twice": number}))


def killed_in_rounds(bench: Bench) -> Tally:
    """A run in rounds is killed somewhere, again and again, and decides the same."""
    assert bench.rounds
    return killed(bench)


Case = Callable[[Bench], Tally]


def repeat(
    case: Case, folder: Path, *, kills: float, faults: float, seed: int, bound: float, workers: int
) -> Tally:
    """Repeat a case, each time with other chances, until there is enough of it.

    Each worker is a process with a service of its own: what reads and writes results here, from
    Python's parser to HDF5, takes one thread at a time.
    """
    work = partial(_repeat, case, folder, kills / workers, faults / workers, seed, bound)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(work, range(workers)), Tally())


def _repeat(
    case: Case, folder: Path, kills: float, faults: float, seed: int, bound: float, worker: int
) -> Tally:
    tally = Tally()
    home = folder / f"{case.__name__}-{worker}"
    home.mkdir()
    with LoopbackService(seed=1) as service:
        rounds = case is killed_in_rounds
        bench = Bench(home, service, random.Random(f"{seed} {worker}"), bound, rounds)
        while tally.kills < kills or tally.faults.total() < faults:
            tally += case(bench)
            print(tally.row(f"{case.__name__} {worker}"), file=sys.stderr, flush=True)
    return tally


def kill_simulations(folder: Path, kills: int, seed: int, *, rounds: bool = False) -> Tally:
    """Kill runs on the exact backend at points spread over all their durable writes."""
    tally, randomness, environment = Tally(), random.Random(seed), _rule(rounds)
    name = "rounds" if rounds else "exact"
    reference = folder / f"{name}-reference"
    total = points("exact", reference, environment)
    order = randomness.sample(range(total), total)
    for number, point in enumerate(itertools.cycle(order)):
        if tally.kills >= kills:
            return tally
        out = folder / f"{name}-{number}"
        tally.kills += kill_and_resume("exact", out, environment, point, randomness)
        tally.runs += 1
        tally.different += not same_result(out, reference)
    return tally


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=400, help="kills in all")
    parser.add_argument("--faults", type=int, default=400, help="faults of the service in all")
    parser.add_argument("--lag", type=float, default=LIST_LAG, help="longest lag of the list, s")
    parser.add_argument("--workers", type=int, default=4, help="services and runs side by side")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    options = parser.parse_args()
    kills, faults = options.kills, options.faults
    cases: dict[str, tuple[Case, float, float]] = {
        "killed, gone on with at once": (killed, 0.5 * kills, 0),
        "in rounds: killed, gone on with at once": (killed_in_rounds, 0.1 * kills, 0),
        "killed, copied, all copies gone on with": (copied, 0.1 * kills, 0),
        "jobs lost by the service": (lost, 0.1 * kills, 0),
        "faults of the service": (failing, 0, 0.95 * faults),
        "submissions sent twice": (doubled, 0, 0.05 * faults),
    }
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), perf_counter()
        print("\n".join(HEAD), flush=True)
        for title, (case, deaths, failures) in cases.items():
            if options.only not in title:
                continue
            tally = repeat(
                case,
                folder,
                kills=deaths,
                faults=failures,
                seed=options.seed,
                bound=options.lag,
                workers=options.workers,
            )
            print(tally.row(f"loopback: {title}"), flush=True)
            found = ", ".join(f"{n} {kind}" for kind, n in sorted(tally.faults.items()))
            print(f"{perf_counter() - started:.0f} s; {found}", file=sys.stderr, flush=True)
            assert tally.duplicates == tally.different == 0
        if options.only not in "exact: killed":
            return
        for title, rounds in {"exact: killed": False, "exact, in rounds: killed": True}.items():
            tally = kill_simulations(
                folder, round(0.1 * options.kills), options.seed, rounds=rounds
            )
            print(tally.row(title), flush=True)
            assert tally.different == 0


if __name__ == "__main__":
    main()
