"""A rehearsal is started, asked and ended from other processes, on this machine alone."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from recycling.rehearsal.catalogue import CATALOGUE, faults_named
from recycling.rehearsal.desk import running, start, stop
from recycling.rehearsal.folder import Record, read_record, write_record
from recycling.rehearsal.options import Options
from recycling.rehearsal.state import State
from tests.loopback import Fault, LoopbackService, Status
from tests.on_ibm import command

ROOT = Path(__file__).parents[2]


def ended_on_request(service):
    service.stopping.wait()
    service.__exit__(None, None, None)


@pytest.fixture
def folder(tmp_path):
    """Folder of a rehearsal whose service runs in this process."""
    folder, record = tmp_path / "rehearsal", Record()
    write_record(folder, record)
    service = LoopbackService(snapshots=("FakeFez",), token=record.token, state=State(folder))
    service.faults.append(Fault(Status(503), method="GET", path="/backends$", times=None))
    with service:
        write_record(folder, record.at(service.port, os.getpid()))
        ended = Thread(
            target=lambda: service.stopping.wait() and service.__exit__(None, None, None)
        )
        ended.start()
        yield folder
    ended.join()


def test_the_command_prints_the_environment_and_writes_it(folder):
    done = command("rehearse", "--folder", folder)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert lines == comments + [line for line in lines if line.startswith("export ")]
    assert "simulated" in comments[0]
    written = (folder / "environment.sh").read_text()
    assert written == "".join(f"{line}\n" for line in lines[len(comments) :])
    shell = subprocess.run(
        ["bash", "-c", f"source {folder}/environment.sh && env"],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    about = json.loads(command("rehearse", "--folder", folder, "--json").out)
    assert (
        about["environment"].items()
        <= dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line).items()
    )
    assert about["data_kind"] == "simulated"
    assert about["devices"] == ["ibm_fez"]
    assert "127.0.0.1" in about["environment"]["NO_PROXY"]
    assert all(
        "//127.0.0.1:" in text for name, text in about["environment"].items() if "URL" in name
    )


def test_what_it_writes_is_for_its_owner_alone(folder):
    command("rehearse", "--folder", folder)
    for name in ("service.json", "environment.sh"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Record().token != Record().token


def test_faults_come_on_request(folder):
    assert command("rehearse", "--folder", folder, "--faults", "lost-answer,5xx").code == 0
    service = running(folder)
    assert service.about["faults_injected"] == {}
    faults = json.loads(command("rehearse", "--folder", folder, "--json").out)["faults_to_come"]
    assert faults == 8  # one lost answer, 6 errors, and the one of the fixture


def test_a_running_rehearsal_is_not_changed_under_its_jobs(folder):
    done = command("rehearse", "--folder", folder, "--device", "FakeTorino", "--seed", "0")
    assert done.code == 2
    assert done.only_line.startswith("error: devices: the rehearsal in ")
    assert "--stop" in done.only_line


def test_only_this_machine_and_the_key_of_the_rehearsal_get_an_answer(folder):
    record = read_record(folder)

    def code(headers):
        try:
            url = f"http://127.0.0.1:{record.port}/rehearsal"
            return urlopen(Request(url, headers=headers), timeout=5).status
        except HTTPError as error:
            error.close()
            return error.code

    key = {"Authorization": f"apikey {record.token}"}
    assert code(key) == 200
    assert code({}) == 401
    assert code({"Authorization": "apikey x"}) == 401
    assert code({"Authorization": "Bearer a.b.c"}) == 401
    assert code(key | {"Host": "example.org"}) == 421


def test_stopping_ends_it_and_keeps_its_jobs(folder):
    done = command("rehearse", "--folder", folder, "--stop")
    assert done.code == 0
    assert "unset QISKIT_IBM_CHANNEL" in done.out
    assert read_record(folder).token
    assert "no rehearsal runs" in command("rehearse", "--folder", folder / "none", "--stop").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--device", "FakeFes"], "device = 'FakeFes' is not a Heron snapshot"),
        (["--device", "FakeKawasaki"], "device = 'FakeKawasaki' is not a Heron"),
        (["--queue", "-1"], "queue = -1.0: a wait is not negative; give seconds"),
        (["--list-lag", "inf"], "list_lag = inf: too long; give seconds"),
        (["--temperature", "0"], "temperature = 0.0: give kelvins above 0"),
        (["--temperature", "nan"], "temperature = nan: give kelvins above 0"),
        (["--plan", "gold"], "plan = 'gold': there is none such; give premium or open"),
        (["--engine", "magic"], "engine = 'magic': there is none such"),
        (["--faults", "lost-anser"], "(did you mean 'lost-answer'?)"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(arguments, words, tmp_path):
    done = command("rehearse", "--folder", tmp_path / "new", *arguments)
    assert done.code == 2
    assert words in done.only_line
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_else_stays_as_it_is(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    done = command("rehearse", "--folder", tmp_path)
    assert done.code == 2
    assert "holds something else" in done.only_line
    (tmp_path / "service.json").write_text("{}")
    assert "cannot be read" in command("rehearse", "--folder", tmp_path).only_line


def test_options_are_stored_as_they_were():
    options = Options(devices=("FakeFez",), queue=3.0, plan="open", seed=4)
    assert Options.of(json.loads(json.dumps(vars(options)))) == options


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_fault_has_a_name_that_is_documented(name):
    assert faults_named(name)
    assert f"`{name}`" in (ROOT / "docs" / "rehearsal.md").read_text()


@pytest.mark.slow
def test_a_service_that_is_killed_goes_on_with_its_jobs(tmp_path):
    folder = tmp_path / "rehearsal"
    first = start(folder, {"devices": ("FakeFez",), "list_lag": 0.5}, "")
    assert start(folder, {}, "").about["pid"] == first.about["pid"]
    os.kill(first.about["pid"], signal.SIGKILL)
    os.waitpid(first.about["pid"], 0)
    assert running(folder) is None
    second = start(folder, {}, "")
    try:
        assert second.environment == first.environment
        assert second.about["devices"] == ["ibm_fez"]
        # Another process cannot serve from its folder.
        other = subprocess.run(
            [sys.executable, "-m", "recycling.rehearsal", str(folder)],
            capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
        assert "in use by another process" in other.stderr
    finally:
        assert stop(folder)
