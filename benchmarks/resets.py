"""Coverage of the intervals of resets: 2,000 simulated experiments at each number of shots.

Each has a temperature, a gap, readout errors and a rate of missed SWAPs of its own.
"""

import argparse
import time

from tests.inference.test_resets import coverage

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--shots", type=int, nargs="+", default=[500, 4000])
    given = parser.parse_args()
    for shots in given.shots:
        started = time.perf_counter()
        found = coverage(given.experiments, shots, seed=1)
        seconds = time.perf_counter() - started
        print(f"{shots} shots, {given.experiments} experiments, {seconds:.0f} s")
        for name, share in sorted(found.items(), key=lambda item: item[1]):
            print(f"  {name:18} {share:.4f}")
