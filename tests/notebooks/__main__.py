"""Execute notebooks: ``python -m tests.notebooks [--store] [NAME ...]``.

Each runs in its own folder, with the loopback service in place of IBM Quantum and with runs that
are thrown away. The executed copies go to build/notebooks. Without ``--store`` they are compared
with what is stored; with it, they are stored.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.notebooks.execution import FOLDER, attempt


def main():
    """Execute the notebooks of the arguments, or all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="files; by default all in notebooks/")
    parser.add_argument("--store", action="store_true", help="store the outputs")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    paths = [Path(name).resolve() for name in options.names] or sorted(FOLDER.glob("*.ipynb"))
    failed = False
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for path, seconds, wrong in pool.map(attempt, paths, [options.store] * len(paths)):
            state = "stored" if options.store else "as stored"
            print(f"{path.name}: {'not ' if wrong else ''}{state}, {seconds:.0f} s", flush=True)
            for line in wrong:
                failed = True
                print(f"stale: notebooks/{path.name}: {line}", file=sys.stderr, flush=True)
    if failed and not options.store:
        print("look at build/notebooks; make notebooks-store stores it", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
