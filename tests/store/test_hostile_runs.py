"""Hostile runs and bundles: whatever is in their files, one line at most, and never a traceback.

Contents are changed under checksums that are made to fit again, and without. The suite draws the
same examples each time; ``--hypothesis-profile=long`` draws new ones, ten times as many.
"""

import hashlib
import io
import itertools
import json
import math
import os
import shutil
import warnings
import zipfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import recycling as rc
from recycling.errors import BackendFailure, BadInput, Incomplete
from recycling.reporting.status import status_summary
from recycling.store.files import checksum, line_of, seal, unseal
from recycling.store.identity import KEPT
from recycling.studies.latency.results import analyse_latency
from recycling.studies.latency.run import open_latency_run, run_latency
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.stored import open_bundle, open_unchecked, resume, status
from tests.forging import LATENCY_SPEC, forge_shots
from tests.scripted import EXPERIMENT, SPEC, Service, install, refused

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = settings.get_profile(settings.get_current_profile_name()).max_examples
RUNS, BUNDLES = EXAMPLES, EXAMPLES
#: One in so many has its circuits read, and one in so many is gone on with and analysed: both take
#: longer than all else.
CIRCUITS, ANALYSIS = (15, 90) if EXAMPLES <= 100 else (1, 3)
#: Whole folders are compared badly: to shrink them would take longer than to look at one.
SEARCH = {
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}

text = st.text(max_size=12) | st.sampled_from(
    ["", "\x1b[2J", "=1+1", "../../evil", "NaN", "\ud800", "a\nb", "9" * 5000, "recycling-x-1"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(
        [2**31, 2**63, -(2**63), 10**40, 1e-300, 1e308, math.inf, -math.inf, math.nan]
    )
    | st.floats(-10, 10)
    | text
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@contextmanager
def one_line():
    """No error but one of ours, in one line, and none on the way that a user would see."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (BadInput, Incomplete, BackendFailure) as error:
            message = str(error)
            assert len(message.splitlines()) == 1, message
            assert len(message) < 2000, message[:3000]


class Forgetful(Service):
    """A service that knows none of the jobs that a hostile run tells of."""

    def call(self, method, act):
        try:
            return super().call(method, act)
        except ValueError:
            raise refused("404 no such job") from None


@pytest.fixture(scope="module", autouse=True)
def scripted():
    """Jobs are answered by a script, and nothing is synced."""
    with pytest.MonkeyPatch.context() as patch:
        install(patch, Forgetful(), rc.plan(EXPERIMENT))
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Three good runs: without brackets, a stored one with them, and a latency run."""
    folder = tmp_path_factory.mktemp("good")
    rc.run(EXPERIMENT, out=folder / "run", spec=SPEC)
    run_latency(LatencySpec.parse(LATENCY_SPEC), out=folder / "latency")
    return folder / "run", DATA / "run-schema-2", folder / "latency"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


def places(value, at=()):
    """Every place in a tree of JSON."""
    yield at
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from places(inner, (*at, key))


def changed_tree(data, record):
    """Tree of JSON with one place changed, removed, or given a new neighbour."""
    record = json.loads(json.dumps(record))
    *way, last = data.draw(st.sampled_from([place for place in places(record) if place]))
    inner = record
    for key in way:
        inner = inner[key]
    how = data.draw(st.sampled_from(["change", "change", "change", "remove", "add"]))
    if how == "remove":
        del inner[last]
    elif how == "add" and isinstance(inner, dict):
        inner[data.draw(text)] = data.draw(values)
    else:
        inner[last] = data.draw(values)
    return record


def hostile_identity(data, path):
    record = changed_tree(data, unseal((path / "run.json").read_bytes()))
    for name in data.draw(st.sampled_from([("run.json",), ("run.json", "run.json.copy")])):
        (path / name).write_bytes(seal(record))


def hostile_spec(data, path):
    """Another text of the spec, with values that TOML can hold."""
    record = unseal((path / "run.json").read_bytes())
    lines = record["spec"].splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    value = data.draw(st.sampled_from(["0", "-1", "nan", "inf", '"x"', "[]", "true", "1e400", "=",
                                       "[0.1, 0.2]", "{}", "1979-05-27"]))  # fmt: skip
    lines[place] = lines[place].partition("=")[0] + "= " + value
    for name in ("run.json", "run.json.copy"):
        (path / name).write_bytes(seal(record | {"spec": "\n".join(lines)}))


def hostile_journal(data, path):
    file = data.draw(st.sampled_from(sorted((path / "jobs").iterdir())))
    file.write_bytes(seal(changed_tree(data, unseal(file.read_bytes()))))


def hostile_shots(data, path):
    """Arrays of any shape and type in the place of one, or the right ones with other values."""
    job = data.draw(st.sampled_from(sorted(file.stem for file in (path / "shots").iterdir())))
    with np.load(path / "shots" / f"{job}.npz") as archive:
        same = archive["shots" if "shots" in archive else "table"]
    shape = tuple(data.draw(st.lists(st.integers(0, 5), max_size=4)))
    fill = data.draw(st.sampled_from([0, 1, 16, 255, -1, math.nan, math.inf, 2**40]))
    kind = data.draw(st.sampled_from(["u1", "i8", "f8", "f4", "?", "c16", "U5", "u8"]))
    what = data.draw(st.sampled_from(["new", "cast", "cut", "shifted"]))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = {
            "new": np.full(shape, fill, dtype=float).astype(kind),
            "cast": same.astype(kind),
            "cut": same[:1],
            "shifted": same + same.dtype.type(9),
        }[what]
    name = data.draw(st.sampled_from(["bits", "shots", "table", "tag", "record"]))
    remove = data.draw(st.sampled_from([(), ("shots",), ("bits",)]))
    forge_shots(path, job, remove=remove, **{name: array})


def hostile_telemetry(data, path):
    """Lines with their own checksums, chained or not, and a head that fits."""
    events = st.fixed_dictionaries({"event": values, "seconds": values})
    others = st.dictionaries(text.filter(lambda key: key != "crc32"), values, max_size=3)
    lines = b"".join(map(line_of, data.draw(st.lists(events | others, max_size=3))))
    (path / "telemetry.jsonl").write_bytes(lines)
    record = unseal((path / "run.json").read_bytes())
    digest = hashlib.sha256(record["run_id"].encode() + lines).hexdigest()
    head = {"lines": lines.count(b"\n"), "digest": digest}
    (path / "run.json").write_bytes(seal(record | {"telemetry": head}))


def hostile_bytes(data, path):
    """Bytes of any file cut, changed or nested too deeply; checksums of run.json made to fit."""
    file = data.draw(st.sampled_from(sorted(file for file in path.rglob("*") if file.is_file())))
    content = file.read_bytes() or b"?"
    place = data.draw(st.integers(0, len(content) - 1))
    byte = bytes([data.draw(st.integers(0, 255))])
    file.write_bytes(data.draw(st.sampled_from([
        content[:place], content[:place] + byte + content[place + 1:], b"", b"[" * 100_000,
        b'{"a":' * 50_000, content[:7] + byte * 50])))  # fmt: skip
    if file.name in KEPT and data.draw(st.booleans()):
        record = unseal((path / "run.json").read_bytes())
        record["checksums"][file.name] = checksum(file)
        (path / "run.json").write_bytes(seal(record))


ATTACKS = (
    hostile_identity, hostile_identity, hostile_spec, hostile_journal, hostile_shots,
    hostile_telemetry, hostile_bytes,
)  # fmt: skip


def attacked(data, good, folder):
    """Copy of a good run, attacked once or twice."""
    path = folder / "run"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(data.draw(st.sampled_from(good)), path)
    for attack in data.draw(st.lists(st.sampled_from(ATTACKS), min_size=1, max_size=2)):
        # The first attack may have left nothing for the second one.
        with suppress(ValueError, LookupError, TypeError, OSError):
            attack(data, path)
    return path


def read_all(path, circuits):
    """Read whatever can be read of a run without an analysis, perhaps its circuits too."""
    with one_line():
        status(path)
    with one_line():
        status_summary(open_unchecked(path))
    with one_line():
        _ = circuits and open_latency_run(path).circuits
    with one_line():
        opened = rc.open_run(path)
        _ = opened.warnings, opened.telemetry
        _ = opened.counts
        _ = circuits and opened.circuits_fault
    with one_line():
        _ = circuits and open_unchecked(path).brackets


@pytest.fixture(scope="module")
def one_in():
    """Whether this example is one of so many: hypothesis prefers small numbers, and a count not."""
    counts = defaultdict(itertools.count)
    return lambda number: next(counts[number]) % number == 0


@settings(max_examples=RUNS, **SEARCH)
@given(st.data())
def test_a_hostile_run_is_read_or_refused_in_one_line(runs, folder, one_in, data):
    path = attacked(data, runs, folder)
    read_all(path, one_in(CIRCUITS))
    if one_in(ANALYSIS):
        with one_line():
            resume(path)
        with one_line():
            rc.analyse(rc.open_run(path))
        with one_line():
            analyse_latency(open_latency_run(path))


@settings(max_examples=BUNDLES, **SEARCH)
@given(st.data())
def test_a_hostile_bundle_is_opened_or_refused_in_one_line(runs, folder, one_in, data):
    path = attacked(data, runs, folder)
    files = {file.relative_to(path).as_posix(): file.read_bytes()
             for file in path.rglob("*") if file.is_file() and file.name != ".lock"}  # fmt: skip
    archive = folder / "bundle.zip"
    content = bag(files)
    if data.draw(st.integers(0, 3)) == 0:
        place = data.draw(st.integers(0, len(content) - 1))
        content = content[:place] + bytes([data.draw(st.integers(0, 255))]) + content[place + 1 :]
    archive.write_bytes(content)
    shutil.rmtree(folder / "opened", ignore_errors=True)
    with one_line():
        read_all(open_bundle(archive, folder / "opened").path, one_in(CIRCUITS))


def bag(files):
    """Archive of a bag that holds the files of a run, with checksums that are right."""

    def manifest(members):
        return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n"
                       for name, content in members.items()).encode()  # fmt: skip

    members = {f"data/{name}": content for name, content in files.items()}
    tags = {"bagit.txt": b"BagIt-Version: 1.0\n", "manifest-sha256.txt": manifest(members)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (members | tags | {"tagmanifest-sha256.txt": manifest(tags)}).items():
            archive.writestr(f"bag/{name}", content)
    return stream.getvalue()
