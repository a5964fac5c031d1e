"""Time the commands of this tree, and of another one beside it: CPU time of the process, in turns.

Another tree is a checkout, such as ``git worktree add ../before HEAD~20``. Both run by this Python
with the packages that are installed for it, and keep their bytecode, as installed programs do,
outside of the trees. Ratios are of medians; CPU time bears other load better
than the time of a clock, of which ratios are worth something on a quiet machine alone.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

HERE = Path(__file__).resolve().parents[1]
MAIN = "from recycling.cli.app import main; main()"
#: Arguments of each command; RUN is a run, and OUT a new path each time.
COMMANDS = {
    "replay": ["replay", "--seed", "7", "--out", "OUT"],
    "layouts": ["layouts", "paper", "--out", "OUT"],
    "plan": ["plan", "paper"],
    "status": ["status", "RUN"],
}


def environment(tree, bytecode):
    """Environment in which a tree is run; its bytecode is kept in a folder."""
    kept = {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(tree), "PYTHONPYCACHEPREFIX": str(bytecode)}


def timed(tree, arguments, bytecode):
    """CPU time and wall time (s) of a command, started in a tree."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=tree,
        env=environment(tree, bytecode),
        capture_output=True,
        text=True,
        check=False,
    )
    wall, after = perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} in {tree} failed:\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def times(trees, folder, pairs):
    """CPU and wall times of each command in each tree, in turns (command, tree, turn)."""
    runs = {tree: folder / f"run-{number}" for number, tree in enumerate(trees)}
    bytecode = folder / "bytecode"
    for tree, run in runs.items():
        # Once without a clock: it writes the bytecode, and the run whose status is asked for.
        for name, command in COMMANDS.items():
            out = run if name == "replay" else folder / f"{run.name}-{name}"
            places = {"RUN": str(run), "OUT": str(out)}
            timed(tree, [places.get(each, each) for each in command], bytecode)
    found = {name: {tree: [] for tree in trees} for name in COMMANDS}
    for turn in range(pairs):
        for name, command in COMMANDS.items():
            for number, tree in enumerate(trees):
                places = {"RUN": str(runs[tree]), "OUT": str(folder / f"{name}-{turn}-{number}")}
                arguments = [places.get(each, each) for each in command]
                found[name][tree].append(timed(tree, arguments, bytecode))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another tree, to compare with")
    parser.add_argument("--pairs", type=int, default=3, help="how often each command is timed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs: give 1 or more")
    trees = [HERE] if options.against is None else [HERE, options.against.resolve()]
    with tempfile.TemporaryDirectory() as folder:
        found = times(trees, Path(folder), options.pairs)

    rows = {}
    for name, by_tree in found.items():
        cpu, wall = (
            [median(each[part] for each in by_tree[tree]) for tree in trees] for part in (0, 1)
        )
        rows[name] = {"cpu_s": cpu[0], "wall_s": wall[0]}
        if trees[1:]:
            rows[name] |= {"before_cpu_s": cpu[1], "before_wall_s": wall[1]}
            rows[name]["ratio"] = cpu[0] / cpu[1]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    headings = {"cpu_s": "CPU", "wall_s": "wall", "before_cpu_s": "CPU before",
                "before_wall_s": "wall before", "ratio": "ratio of CPU"}  # fmt: skip
    shown = [key for key in headings if key in rows["replay"]]
    print(f"{'command':<10}" + "".join(f"{headings[key]:>14}" for key in shown))
    for name, row in rows.items():
        cells = (f"{row[key]:.2f}" + (" s" if key.endswith("_s") else "") for key in shown)
        print(f"{name:<10}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
