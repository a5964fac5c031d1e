"""Draw every flux parametron of a chip, and compare it with the formulas.

python benchmarks/chip.py [DEVICES]     a billion by default: minutes, 70 MB
"""

import argparse
import resource
import sys
from time import perf_counter

from recycling.ledger.aqfp import mean_terminate_heat, simulate_chip, worst_device

JUNCTIONS, INDUCTORS = 0.01, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("devices", nargs="?", type=float, default=1e9)
    devices = int(parser.parse_args().devices)
    started, shown = perf_counter(), [0.0]

    def progress(done: float) -> None:
        if done - shown[0] >= 0.05:
            shown[0] = done
            print(f"{done:.0%} after {perf_counter() - started:.0f} s", file=sys.stderr)

    chip = simulate_chip(devices, JUNCTIONS, INDUCTORS, seed=1, progress=progress)
    mean = mean_terminate_heat(JUNCTIONS)
    worst = worst_device(devices, JUNCTIONS, INDUCTORS)
    off = (chip.mean_heat - mean.population_mean) / chip.mean_heat_stderr
    print(f"{devices:.0e} devices, {perf_counter() - started:.0f} s, "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")  # fmt: skip
    print(f"mean heat {chip.mean_heat:.5f} ± {chip.mean_heat_stderr:.5f} Landauer, "
          f"formula {mean.population_mean:.5f} ({off:+.1f} σ)")  # fmt: skip
    print(f"smallest factor {chip.smallest_factor:.4f}, tail {worst.tail_factor:.4f}, "
          f"joint rule {worst.joint_factor:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
