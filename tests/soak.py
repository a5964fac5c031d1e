"""Kill runs at every durable write and inject faults into the service; count what is lost.

``make soak`` runs it at full length and prints the table of docs/durability.md. The tests run a
short, seeded version of the same functions.
"""

import argparse
import itertools
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import recycling as rc
from tests.killing import forked, kill_and_resume, points, run_and_die
from tests.loopback import LoopbackService
from tests.loopback.faults import Faults

IBM = "ibm:ibm_marrakesh"


@dataclass
class Tally:
    """What a soak found."""

    runs: int = 0
    kills: int = 0
    duplicates: int = 0
    different: int = 0
    faults: Counter = field(default_factory=Counter)

    def row(self, name: str) -> str:
        """One line of the table."""
        return (
            f"| {name} | {self.runs} | {self.kills} | {self.faults.total()} | {self.duplicates} "
            f"| {self.different} |"
        )


def duplicates(service: LoopbackService) -> int:
    """Jobs accepted beyond one for each tag: each would be paid for twice."""
    tags = Counter(job.tags[0] for job in service.jobs)
    return tags.total() - len(tags)


def same_result(out: Path, reference: Path) -> bool:
    """Whether two runs have the same Dataset and the same bits of every shot."""
    run, other = rc.open_run(out), rc.open_run(reference)
    shots = all((run.outcomes(job).shots == other.outcomes(job).shots).all() for job in other.jobs)
    return bool(shots) and rc.analyse(run).identical(rc.analyse(other))


def kill_everywhere(backend: str, folder: Path, kills: int, seed: int, seeds: int = 1) -> Tally:
    """Kill a run at points spread over all its durable writes until so many kills are reached."""
    tally, randomness = Tally(), random.Random(seed)
    with LoopbackService(seed=seeds) as service:
        environment = service.environment()
        reference = folder / f"{backend[:3]}-reference"
        total = points(backend, reference, environment)
        order = randomness.sample(range(total), total)
        for number, point in enumerate(itertools.cycle(order)):
            if tally.kills >= kills:
                break
            out = folder / f"{backend[:3]}-{number}"
            tally.kills += kill_and_resume(backend, out, environment, point, randomness)
            tally.runs += 1
            tally.different += not same_result(out, reference)
        tally.duplicates = duplicates(service)
        lost = 2 * (tally.runs + 1) - len({job.tags[0] for job in service.jobs})
        assert backend != IBM or lost == 0, f"{lost} jobs have never been submitted"
    return tally


def fault_everywhere(folder: Path, faults: int, seed: int, rate: float = 0.15) -> Tally:
    """Run against a service that answers wrongly, late or not at all, until so many faults."""
    tally = Tally()
    reference = folder / "faults-reference"
    with LoopbackService(seed=1) as service:
        assert forked(run_and_die, IBM, reference, service.environment(), None, None) == 0
    with LoopbackService(seed=1, faults=Faults.random(seed, rate)) as service:
        while tally.faults.total() < faults:
            out = folder / f"faults-{tally.runs}"
            for _ in range(5):  # a run gives up on a service that is down, and can be continued
                if forked(run_and_die, IBM, out, service.environment(), None, None) == 0:
                    break
            tally.runs += 1
            tally.different += not same_result(out, reference)
            tally.faults = Counter(service.faults.injected)
        tally.duplicates = duplicates(service)
    return tally


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills for each backend")
    parser.add_argument("--faults", type=int, default=200, help="faults of the service")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| | runs | kills | faults | duplicate jobs | different results |")
        print("|---|---|---|---|---|---|")
        for backend in ("exact", IBM):
            tally = kill_everywhere(backend, Path(folder), options.kills, options.seed)
            print(tally.row(f"killed: {backend}"), flush=True)
            assert tally.duplicates == tally.different == 0
        tally = fault_everywhere(Path(folder), options.faults, options.seed)
        print(tally.row("faults: ibm"), flush=True)
        print(", ".join(f"{count} {kind}" for kind, count in sorted(tally.faults.items())))
        assert tally.duplicates == tally.different == 0


if __name__ == "__main__":
    main()
