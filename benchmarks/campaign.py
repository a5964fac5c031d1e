"""A campaign of 200 simulated runs that suffers everything at once: what is named, what is lost.

The device drifts, the telemetry falls silent, the clock of the service jumps, the budget is used
up, the process is killed again and again, and at the end somebody changes a record. Beside it the
same campaign runs undisturbed: every run that nothing happened to must be the same in both.

    make campaign ARGS="--runs 200 --kills 12"
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recycling.campaign.database import NAME
from recycling.campaign.records import read_records
from tests.campaign.small import campaign, write

ENTRY = [sys.executable, "-c", "from recycling.cli.app import main; main()", "campaign"]
#: QPU seconds of a run at the usual, and at the shorter T1.
COST, DRIFTED_COST = 22.222864, 18.2
#: Metrics that follow from other runs, or from what is recorded.
OF_OTHERS = {"steadiness", "completeness"}
#: Longest time between a record and a kill, s: a run or two.
LATEST = 3.0


def suffered(runs):
    """What the campaign suffers, and from which run on."""
    drift, silent, heard, back, broke = (
        round(part * runs) for part in (0.3, 0.45, 0.55, 0.6, 0.95)
    )
    lines = [
        "[[rehearse]]", f"from_run = {drift}", 'device = { t1 = "100 us" }',
        "[[rehearse]]", f"from_run = {silent}", "telemetry = false",
        "[[rehearse]]", f"from_run = {heard}", "telemetry = true",
        "[[rehearse]]", f"from_run = {back}", 'device = { t1 = "250 us" }', 'clock_offset = "30 s"',
    ]  # fmt: skip
    return lines, {"drift": drift, "silent": silent, "heard": heard, "back": back, "broke": broke}


SLO = [
    "[[slo]]", 'name = "lifetime"', 'metric = "t1"', "at_least = 180e-6", "objective = 0.9",
    'windows = [{ long = "12 h", short = "2 h", burn = 4, action = "page" },'
    ' { long = "24 h", short = "4 h", burn = 3, action = "ticket" }]',
]  # fmt: skip


def run(folder):
    """Command that runs the campaign of a folder."""
    return [*ENTRY, "run", str(folder / "campaign.toml"), "--out", str(folder / "out"),
            "--key", str(folder / "key"), "--json"]  # fmt: skip


def undisturbed(folder):
    """Run to the end; returns the status."""
    done = subprocess.run(run(folder), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def killed(folder, kills, runs, randomness):
    """Run to the end, killed at random times; returns the status and the number of deaths."""
    deaths, kill_at = 0, sorted(randomness.sample(range(1, runs), kills))
    while True:
        with subprocess.Popen(
            run(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            if deaths < kills:
                while process.poll() is None and recorded(folder) < kill_at[deaths]:
                    time.sleep(0.05)
                time.sleep(randomness.uniform(0, LATEST))
                process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
        if process.returncode == -signal.SIGKILL:
            deaths += 1
            continue
        assert process.returncode == 0, process.returncode
        return json.loads(out), deaths


def recorded(folder):
    """Number of records so far."""
    return len(read_records(folder / "out")) if (folder / "out" / NAME).is_file() else 0


def differences(folder, other, affected):
    """Runs whose metrics are not the same in both campaigns, though nothing happened to them."""
    pairs = zip(read_records(folder / "out"), read_records(other / "out"), strict=False)
    return [
        one["run"]
        for one, two in pairs
        if one["run"] not in affected and own_metrics(one) != own_metrics(two)
    ]


def own_metrics(record):
    return {name: value for name, value in record["metrics"].items() if name not in OF_OTHERS}


def verify(folder, *options):
    """Exit code and error line of the verification."""
    done = subprocess.run(
        [*ENTRY, "verify", str(folder / "out"), "--key", str(folder / "key"), *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
    return f"exit code {done.returncode}", *lines


def change_record(folder, run):
    """Change a record as somebody would who has no key."""
    with sqlite3.connect(folder / "out" / NAME) as connection:
        connection.execute(
            'UPDATE log SET record = replace(record, \'"state":"done"\', \'"state":"failed"\') '
            "WHERE seq = ?",
            (run,),
        )


def report(status, at, runs):
    """What was named, beside where it was made."""
    first = min(change["run"] for change in status["drift"] if change["since"] == 1)
    others = {change["quantity"] for change in status["drift"]} - {"t1"}
    rejected = [each for each in status["decisions"] if each["action"] == "reject"]
    gaps = [[round(end / 3600) for end in gap] for gap in status["telemetry"]["gaps"]]
    [slo] = status["slo"]
    rows = [
        ("drift of T1", f"from run {at['drift']}", f"from run {first}; other quantities: "
         f"{', '.join(sorted(others)) or 'none'}"),
        ("telemetry gap", f"hours {at['silent'] - 2} to {at['heard'] - 1}",
         "; ".join(f"hours {begin} to {end}" for begin, end in gaps)),
        ("clock jump", f"at run {at['back']}", f"at run {status['clock'][0]['jumps']}, offset "
         f"{status['clock'][0]['offset']} s"),
        ("exhausted budget", f"{status['budget']:g} s",
         f"{len(rejected)} of {runs} runs rejected from run {rejected[0]['run']} on, "
         f"{status['qpu_seconds']:.1f} s used" if rejected else "nothing"),
        ("objective", "", f"{slo['bad']} of {slo['total']} bad, {slo['first_alert']}, recovery "
         f"{(slo['time_to_recovery'] or 0) / 3600:g} h"),
    ]  # fmt: skip
    for row in rows:
        print("  {:<17} made: {:<22} named: {}".format(*row))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    lines, at = suffered(options.runs)
    drifted = at["back"] - at["drift"]
    budget = round((at["broke"] - drifted) * COST + drifted * DRIFTED_COST)
    with tempfile.TemporaryDirectory() as path:
        calm, rough = Path(path) / "calm", Path(path) / "rough"
        write(calm, campaign(options.runs, *SLO, budget=10**6))
        write(rough, campaign(options.runs, *lines, *SLO, budget=budget))
        started = time.monotonic()
        status = undisturbed(calm)
        print(f"{options.runs} runs undisturbed: {time.monotonic() - started:.0f} s, "
              f"{len(status['drift'])} changes flagged, {status['runs']}", flush=True)  # fmt: skip
        started = time.monotonic()
        status, deaths = killed(rough, options.kills, options.runs, random.Random(options.seed))
        print(f"{options.runs} runs with everything, killed {deaths} times: "
              f"{time.monotonic() - started:.0f} s, {status['runs']}")  # fmt: skip
        report(status, at, options.runs)
        records = [record["run"] for record in read_records(rough / "out")]
        print("  records are those of runs 1 to", len(records), "each once:",
              records == list(range(1, options.runs + 1)))  # fmt: skip
        affected = {*range(at["drift"], at["back"])} | {
            each["run"] for each in status["decisions"] if each["action"] == "reject"
        }
        print("  runs that nothing happened to and that differ:",
              differences(rough, calm, affected) or "none")  # fmt: skip
        print("  verification:", verify(rough, "--head", status["head"]))
        shutil.copytree(rough, Path(path) / "changed")
        change_record(Path(path) / "changed", options.runs // 2)
        print(f"  record {options.runs // 2} changed:", verify(Path(path) / "changed"))


if __name__ == "__main__":
    main()
