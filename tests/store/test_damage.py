"""Damaged runs: every file cut, changed or lost is named, mended, and never a traceback."""

import random
import re
import shutil
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest

import recycling as rc
import recycling.running.runs
from recycling.errors import BackendFailure, BadInput, Incomplete
from recycling.jobs.status import JobStatus
from recycling.reporting.status import status_summary
from recycling.results.theory import THEORY
from recycling.store.damage import SPARE
from recycling.store.journal import JobRecord, write_journal
from recycling.studies.stored import cancel, open_unchecked, resume, status
from tests.scripted import (
    EXPERIMENT,
    SPEC,
    DeathAt,
    Killed,
    Service,
    install,
    tree,
    watch_disk,
)

NAMES = ("trial-0", "trial-1", "trial-2")
IDENTITY = ("run.json", "run.json.copy")
FILES = (
    *IDENTITY, "experiment.toml", "device.json", "circuits.qpy", "prediction.nc",
    "telemetry.jsonl",
    *(f"jobs/{name}.json" for name in NAMES), *(f"shots/{name}.npz" for name in NAMES),
)  # fmt: skip
#: Shares of a file at which it is cut, and how many of its bytes are changed, one at a time.
CUTS, CHANGES = (0.0, 0.4, 1.0), 2


def one_line(error):
    text = str(error)
    assert len(text.splitlines()) == 1, text
    return text


@dataclass
class Stored:
    """A stored run, and the service that its jobs are on."""

    path: Path
    service: Service

    def counts(self):
        return rc.open_run(self.path).counts

    def found(self):
        """Counts, where there are any, and what is said instead."""
        try:
            return self.counts(), ""
        except (BadInput, Incomplete) as error:
            return None, one_line(error)


@pytest.fixture(scope="module")
def plan():
    return rc.plan(EXPERIMENT)


@pytest.fixture(scope="module")
def whole(plan, tmp_path_factory):
    """A complete run."""
    service = Service()
    path = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        install(patch, service, plan)
        rc.run(EXPERIMENT, out=path, spec=SPEC)
    return Stored(path, service)


@pytest.fixture(scope="module")
def undisturbed(whole):
    return whole.counts()


@pytest.fixture(scope="module")
def half(plan, tmp_path_factory):
    """A run with a job that is done, one that is queued, and one whose submission has no answer."""
    service = Service(answers={name: [JobStatus("queued")] * 9 for name in NAMES[1:]})
    path = tmp_path_factory.mktemp("half") / "run"
    with pytest.MonkeyPatch.context() as patch:
        install(patch, service, plan)
        with pytest.raises(Incomplete):
            rc.run(EXPERIMENT, out=path, spec=SPEC, wait=False)
    # As it was before the answer to the last submission.
    run_id = open_unchecked(path).record["run_id"]
    write_journal(path, JobRecord(name=NAMES[2]).another_attempt(run_id))
    return Stored(path, service)


@pytest.fixture
def take(monkeypatch, plan, tmp_path):
    """Copy of a stored run, to be damaged."""

    def copied(stored):
        service = deepcopy(stored.service)
        service.faults.clear()
        service.answers.clear()
        install(monkeypatch, service, plan)
        return Stored(Path(shutil.copytree(stored.path, tmp_path / "run")), service)

    return copied


def damages(name):
    """Ways to damage a file: labels, and functions from its content to the damaged one or None."""

    def cut(share):
        return lambda content: content[: min(int(share * len(content)), len(content) - 1)]

    def change(number):
        def changed(content):
            randomness = random.Random(f"{name} {number}")
            position = randomness.randrange(len(content))
            other = content[position] ^ randomness.randrange(1, 256)
            return content[:position] + bytes([other]) + content[position + 1 :]

        return changed

    yield "deleted", lambda _content: None
    yield from ((f"cut at {share:.0%}", cut(share)) for share in CUTS)
    yield from ((f"changed {number}", change(number)) for number in range(CHANGES))


CASES = [
    pytest.param(name, damage, id=f"{name} {label}")
    for name in FILES
    for label, damage in damages(name)
]
#: One finished job is like another.
CASES_OF_WHOLE = [case for case in CASES if not re.search("trial-[12]", str(case.values[0]))]


def inflict(path, damage):
    """Damage a file; returns its new content."""
    content = damage(path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    return content


def test_the_files_are_all_files(whole):
    files = {name for name in tree(whole.path) if (whole.path / name).is_file()}
    assert files - {THEORY} == {*FILES, ".lock"}  # the theory is derived


@pytest.mark.parametrize(("name", "damage"), CASES_OF_WHOLE)
def test_a_damaged_file_is_named_or_does_not_matter(take, whole, undisturbed, name, damage):
    run = take(whole)
    inflict(run.path / name, damage)
    found, message = run.found()
    if name in SPARE:
        assert found.identical(undisturbed)
        (warning,) = open_unchecked(run.path).warnings
        assert warning.startswith(f"{name} is damaged (")
    else:
        assert str(run.path / name) in message, "it is damaged, and nobody says so"
        assert "recycling resume" in message


@pytest.mark.parametrize(("name", "damage"), CASES_OF_WHOLE)
def test_a_damaged_file_is_mended(take, whole, undisturbed, name, damage):
    run = take(whole)
    before = len(run.service.accepted)
    content = inflict(run.path / name, damage)
    assert [damage.file for damage in open_unchecked(run.path).damage()] == [name]
    assert resume(run.path).damage() == []
    assert run.counts().identical(undisturbed)
    # What was found is kept, and nothing was submitted again.
    kept = list((run.path / "quarantine").glob(f"*/{name}"))
    if content is not None:
        assert [file.read_bytes() for file in kept] == [content]
    assert len(run.service.accepted) == before
    assert resume(run.path).damage() == []
    assert len(list((run.path / "quarantine").glob("*"))) <= 1, "it is mended once"


@pytest.mark.parametrize(("name", "damage"), CASES)
def test_a_damaged_file_of_a_run_under_way_is_mended(take, half, undisturbed, name, damage):
    run = take(half)
    assert run.service.jobs() == dict.fromkeys(NAMES, 1)
    if not (run.path / name).is_file():
        return  # its shots are still to come
    inflict(run.path / name, damage)
    found, message = run.found()
    if found is None:
        assert str(run.path / name) in message
    else:
        assert found.identical(undisturbed.sel(trial=[0]))
    assert resume(run.path).damage() == []
    assert run.counts().identical(undisturbed)
    assert run.service.jobs() == dict.fromkeys(NAMES, 1), "nothing was submitted again"


def test_the_run_under_way_is_what_it_should_be(half):
    states = [
        open_unchecked(half.path).journal(job).state for job in open_unchecked(half.path).jobs
    ]
    assert states == ["done", "submitted", "intended"]


@pytest.mark.parametrize("damage", [pytest.param(d, id=label) for label, d in damages("both")])
@pytest.mark.parametrize("stored", ["whole", "half"])
def test_without_an_identity_a_run_is_refused_and_left_alone(take, request, stored, damage):
    run = take(request.getfixturevalue(stored))
    for name in IDENTITY:
        inflict(run.path / name, damage)
    before = {name: (run.path / name).read_bytes() for name in tree(run.path)
              if (run.path / name).is_file()}  # fmt: skip
    for attempt in (
        rc.open_run,
        resume,
        status,
        cancel,
    ):
        with pytest.raises(BadInput, match=r"run\.json") as caught:
            attempt(run.path)
        one_line(caught.value)
    # Nor does the same command begin anew on top of shots and ids that were paid for.
    with pytest.raises(BadInput, match="exists"):
        rc.run(EXPERIMENT, out=run.path, spec=SPEC)
    after = {name: (run.path / name).read_bytes() for name in tree(run.path)
             if (run.path / name).is_file()}  # fmt: skip
    assert after == before


def test_jobs_under_way_are_not_forgotten_with_an_identity(take, half):
    """Nothing is fetched yet, but the journals know the ids of what was submitted."""
    run = take(half)
    for name in (*IDENTITY, "shots/trial-0.npz"):
        (run.path / name).unlink()
    before = [(run.path / f"jobs/{name}.json").read_bytes() for name in NAMES]
    with pytest.raises(BadInput, match="exists"):
        rc.run(EXPERIMENT, out=run.path, spec=SPEC)
    assert [(run.path / f"jobs/{name}.json").read_bytes() for name in NAMES] == before
    assert run.service.jobs() == dict.fromkeys(NAMES, 1)


@pytest.mark.parametrize("digit", "013456789")
def test_a_changed_schema_version_is_damage_and_no_other_schema(take, whole, undisturbed, digit):
    run = take(whole)
    file = run.path / "run.json"
    text = file.read_text(encoding="utf-8")
    changed = text.replace('"schema_version": 2', f'"schema_version": {digit}')
    assert changed != text
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(BadInput, match=r"run\.json is damaged"):
        rc.open_run(run.path)
    assert resume(run.path).damage() == []
    assert run.counts().identical(undisturbed)


def wreck(run, keep):
    """Damage every file but one of the two that say what the run is."""
    for name in FILES:
        if name != keep:
            inflict(run.path / name, lambda content: content[: len(content) // 2])


@pytest.mark.parametrize("keep", IDENTITY)
def test_a_wreck_is_mended(take, whole, undisturbed, keep):
    run = take(whole)
    before = len(run.service.accepted)
    wreck(run, keep)
    with pytest.raises(BadInput, match=r"is damaged.*and \d+ more"):
        rc.open_run(run.path)
    summary = status_summary(open_unchecked(run.path))
    assert [job["state"] for job in summary["jobs"]] == ["damaged"] * 3
    assert resume(run.path).damage() == []
    assert run.counts().identical(undisturbed)
    assert len(run.service.accepted) == before
    assert (run.path / "experiment.toml").read_bytes() == SPEC.encode()
    for name in ("experiment.toml", "device.json"):
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes()


@pytest.mark.slow
def test_death_while_mending_loses_nothing(take, whole, undisturbed, tmp_path):
    wrecked = take(whole)
    wreck(wrecked, "run.json.copy")

    def fresh(label):
        return Stored(
            Path(shutil.copytree(wrecked.path, tmp_path / label)), deepcopy(wrecked.service)
        )

    def mended_until(run, point):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recycling.running.runs, "prepare", run.service.client)
            run.service.point = point
            watch_disk(patch, point)
            # Compiling again takes long, and comes to the same.
            patch.setattr(
                recycling.running.runs,
                "_compiled_again",
                lambda *_: (whole.path / "circuits.qpy").read_bytes(),
            )
            resume(run.path)

    passed = DeathAt()
    mended_until(fresh("count"), passed)
    assert passed.passed > 40
    for number in range(0, passed.passed, 3):
        run = fresh(f"run-{number}")
        with pytest.raises(Killed):
            mended_until(run, DeathAt(number))
        mended_until(run, DeathAt())
        assert run.counts().identical(undisturbed)
        assert open_unchecked(run.path).damage() == []
        assert run.service.jobs() == dict.fromkeys(NAMES, 1)


def test_what_was_simulated_is_simulated_again_bit_by_bit(small_run, small_spec, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(
        small_run.path, path, ignore=shutil.ignore_patterns("results.nc", "figures", "report.html")
    )
    expected = {file: file.read_bytes() for file in (path / "shots").iterdir()}
    (path / "shots" / "trial-0.npz").write_bytes(b"")
    (path / "jobs" / "trial-1.json").write_bytes(b"{}")
    assert resume(path).damage() == []
    assert {file: file.read_bytes() for file in expected} == expected
    assert rc.open_run(path).counts.identical(small_run.counts)
    assert (path / "experiment.toml").read_text(encoding="utf-8") == small_spec


def test_outcomes_that_the_service_lost_are_named(take, whole):
    """Shots are damaged and cannot be had again: one line, and what is there stays."""
    run = take(whole)
    inflict(run.path / "shots/trial-1.npz", lambda content: content[:-1])
    run.service.fail("fetch", *range(100), error=BackendFailure("404 the result is gone"))
    run.service.calls.clear()
    with pytest.raises(BackendFailure, match="404 the result is gone") as caught:
        resume(run.path)
    one_line(caught.value)
    found = rc.open_run(run.path).counts
    assert list(found["trial"].values) == [0, 2]


@pytest.mark.parametrize("ending", [".npz", ".json"])
def test_a_file_that_the_system_does_not_read_is_not_taken_for_damaged(
    take, whole, monkeypatch, ending
):
    """Too many open files say nothing about outcomes that are paid for: nothing is put aside."""
    path = take(whole).path
    run = rc.open_run(path)
    read = Path.read_bytes

    def refuse(file):
        if file.suffix == ending:
            raise OSError(24, "Too many open files")
        return read(file)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        run.outcomes(run.jobs[0])
    monkeypatch.setattr(Path, "read_bytes", read)
    assert resume(path).complete
    assert not (path / "quarantine").exists()
