"""Tables of docs/performance.md, from what `make rivals engine scaling` wrote to build/benchmarks.

python -m benchmarks.tables
"""

import json
import sys
from pathlib import Path

FOLDER = Path("build/benchmarks")


def _row(cells):
    return f"| {' | '.join(cells)} |"


def _time(seconds):
    """A time to three digits, in the unit that fits."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{_digits(seconds / factor)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _digits(number):
    """Three digits, and thousands with a comma."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _versions(data):
    """Versions of the packages in the environment of the rivals."""
    return max((each["versions"] for each in data.get("entrants", ())), key=len, default={})


def rivals(data):
    """Entrants by the time from numbers to the answer, ours on top."""
    points = data["points"]
    entrants = [entrant for entrant in data["entrants"] if entrant["times"]]
    ours = [entrant for entrant in entrants if entrant["name"].startswith("ours")]
    others = sorted(
        (entrant for entrant in entrants if entrant not in ours),
        key=lambda entrant: entrant["times"]["solve"]["cpu"],
    )
    best = {
        call: min(entrant["times"][call]["cpu"] for entrant in ours)
        for call in ("solve", "execute", "batch")
    }
    yield _row(["", "fast mode", "numbers to answer", "prepared to answer", f"{points:,} points"])
    yield _row(["---", "---", "---:", "---:", "---:"])
    for entrant in ours + others:
        times = {call: each["cpu"] for call, each in entrant["times"].items()}
        loop = "batch" not in times
        times.setdefault("batch", points * times["solve"])
        cells = [f"{_time(times[call])}, {_digits(times[call] / best[call])} ×" for call in best]
        cells[-1] = f"({cells[-1]})" if loop else cells[-1]
        yield _row([entrant["name"], entrant["mode"], *cells])
    for entrant in data["entrants"]:
        if entrant["skipped"]:
            yield _row([entrant["name"], f"skipped: {entrant['skipped']}", "", "", ""])


def engine(data):
    """Time of a point, and the floor beside it."""
    times, floor = data["times"], data["floor"]
    yield _row(["", "a point", "points/s"])
    yield _row(["---", "---:", "---:"])
    for label, seconds in (
        ("compiled and executed", times["together"]),
        ("executed", times["executed"]),
        *([("one jit of JAX, new devices", times["jax"])] if times["jax"] else []),
        ("floor, state in the cache", floor["time"]),
        ("floor, state through memory", floor["time_through_memory"]),
    ):
        yield _row([label, _time(seconds), f"{1 / seconds:,.0f}"])


def scaling(data):
    """Time and memory over each axis."""
    for name in ("points", "rounds", "clock", "size"):
        yield _row([{"clock": "clock qubits", "size": "n"}.get(name, name), "CPU time", "memory"])
        yield _row(["---:", "---:", "---:"])
        for row in data[name]:
            value = next(iter(row.values()))
            if "skipped" in row:
                yield _row([f"{value:,}", f"skipped: {row['skipped']}", ""])
                continue
            memory = f"{row['peak'] / 1e6:,.1f} MB"
            if name == "rounds":
                memory += f", {row['peak'] / row['final']:.1f} × the final state"
            yield _row([f"{value:,}", _time(row["cpu"]), memory])
        yield ""


#: Table of what each target writes.
TABLES = {"rivals": rivals, "engine": engine, "scaling": scaling}


def main():
    for target in TABLES:
        path = FOLDER / f"{target}.json"
        if not path.exists():
            sys.exit(f"{path} is missing: run make {target} first")
        data = json.loads(path.read_text(encoding="utf-8"))
        where = data["machine"]
        print(f"make {target}: {where['processor']}, {where['system']}, Python {where['python']}, "
              f"NumPy {where['numpy']}, load {where['load']:.1f}")  # fmt: skip
        for name, version in _versions(data).items():
            print(f"  {name} {version}")
        print()
        print("\n".join(TABLES[target](data)), "\n")


if __name__ == "__main__":
    main()
