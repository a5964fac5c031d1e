"""Bundles: the same run gives the same bytes, and nothing in an archive is believed unchecked."""

import hashlib
import io
import random
import re
import shutil
import stat
import warnings
import zipfile

import numpy as np
import pytest
import xarray as xr

import recycling as rc
import recycling.store.bag
import recycling.store.bundle
from recycling.store.files import seal, unseal
from recycling.store.journal import JobRecord, write_journal
from recycling.store.lock import locked
from recycling.studies.stored import open_bundle, open_unchecked

TAGS = ("README.txt", "bagit.txt", "manifest-sha256.txt")


def tree(folder):
    """Content of every file under a folder by its name, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_bundle(path, archive):
    """Bundle the run at a path."""
    return recycling.store.bundle.write_bundle(open_unchecked(path), archive)


@pytest.fixture(scope="module")
def archive(small_run, small_dataset, tmp_path_factory):
    """Bundle of the small run with its results."""
    assert small_dataset.sizes["trial"] == 2
    return write_bundle(small_run.path, tmp_path_factory.mktemp("bundle") / "small.zip")


@pytest.fixture(scope="module")
def payload(archive):
    """Content of data/ in the bundle by its name in the run."""
    with zipfile.ZipFile(archive) as opened:
        return {
            name.split("/data/")[1]: opened.read(name)
            for name in opened.namelist()
            if "/data/" in name
        }


@pytest.fixture
def copied(small_run, tmp_path):
    """Copy of the small run, to be changed."""
    return shutil.copytree(small_run.path, tmp_path / "copied")


def manifest(files):
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    ).encode()


def bag_of(payload):
    """Members of a bag that holds a payload, with checksums that are right."""
    data = {f"data/{name}": content for name, content in payload.items()}
    tags = {"bagit.txt": b"BagIt-Version: 1.0\n", "manifest-sha256.txt": manifest(data)}
    return data | tags | {"tagmanifest-sha256.txt": manifest(tags)}


def zipped(path, members, base="bag/"):
    """Archive of members: bytes by name, or pairs of a ZipInfo and bytes."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as opened:
        warnings.simplefilter("ignore", UserWarning)  # duplicate names are meant
        for name, content in members.items() if isinstance(members, dict) else members:
            opened.writestr(base + name if isinstance(name, str) else name, content)
    return path


def refused(archive, tmp_path):
    """The one line with which an archive is refused; nothing may be left of it."""
    before = tree(tmp_path)
    with pytest.raises(rc.BadInput) as caught:
        open_bundle(archive, tmp_path / "opened")
    assert tree(tmp_path) == before
    assert not (tmp_path / "opened").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
    message = str(caught.value)
    assert message.startswith(f"bundle = {str(archive)!r}: ")
    assert "\n" not in message
    return message


# The promise: one archive, and the same Dataset elsewhere.


def test_reopened_bundle_gives_the_same_dataset(archive, small_dataset, tmp_path):
    opened = open_bundle(archive, tmp_path / "elsewhere" / "opened")
    assert opened.path == tmp_path / "elsewhere" / "opened"
    with xr.open_dataset(opened.path / "results.nc") as stored:
        xr.testing.assert_identical(stored.load(), small_dataset)
    dataset = rc.analyse(opened)
    xr.testing.assert_identical(dataset, small_dataset)
    assert dataset.attrs == small_dataset.attrs


def test_reopened_run_is_the_run_that_was_bundled(archive, small_run, payload, tmp_path):
    opened = open_bundle(archive, tmp_path / "opened")
    assert tree(opened.path) == payload
    assert opened.complete
    assert opened.damage() == []
    assert opened.record == rc.open_run(small_run.path).record
    assert opened.circuits == small_run.circuits
    xr.testing.assert_identical(opened.counts, small_run.counts)
    assert rc.open_run(opened.path).experiment == small_run.experiment


def test_bundle_holds_the_files_of_the_run_and_no_others(copied, tmp_path):
    (copied / "report.html").write_text("<p>report</p>")
    for stray in (".env", "notes.txt", "figures/fig3.svg", "quarantine/now/run.json", "jobs/.x.1"):
        (copied / stray).parent.mkdir(parents=True, exist_ok=True)
        (copied / stray).write_text("stray")
    with zipfile.ZipFile(write_bundle(copied, tmp_path / "b.zip")) as opened:
        names = opened.namelist()
    run_id = rc.open_run(copied).record["run_id"]
    expected = [
        "circuits.qpy", "device.json", "experiment.toml", "jobs/trial-0.json", "jobs/trial-1.json",
        "prediction.nc", "report.html", "results.nc", "run.json", "run.json.copy",
        "shots/trial-0.npz", "shots/trial-1.npz", "telemetry.jsonl",
    ]  # fmt: skip
    assert names == [
        f"recycling-run-{run_id}/{name}"
        for name in [*(f"data/{name}" for name in expected), *TAGS, "tagmanifest-sha256.txt"]
    ]


def test_results_and_report_may_be_missing(copied, tmp_path):
    for name in ("results.nc", "report.html"):  # another test may have made them
        (copied / name).unlink(missing_ok=True)
    opened = open_bundle(write_bundle(copied, tmp_path / "b.zip"), tmp_path / "opened")
    assert not {"results.nc", "report.html"} & set(tree(opened.path))


def test_same_run_gives_the_same_bytes(archive, copied, tmp_path):
    (copied / "telemetry.jsonl").touch()
    opened = open_bundle(archive, tmp_path / "opened")
    for folder in (copied, opened.path):
        again = write_bundle(folder, tmp_path / f"{folder.name}-again.zip")
        assert again.read_bytes() == archive.read_bytes()


def test_members_carry_no_time_and_no_compression(archive):
    # Compressed bytes would depend on the version of zlib.
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.external_attr >> 16 == stat.S_IFREG | 0o644
            assert (info.create_system, info.extra) == (3, b"")


def test_manifests_list_every_file_with_its_checksum(archive):
    with zipfile.ZipFile(archive) as opened:
        files = {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}
    for name, listed in (
        ("manifest-sha256.txt", [name for name in files if name.startswith("data/")]),
        ("tagmanifest-sha256.txt", list(TAGS)),
    ):
        assert files[name] == manifest({name: files[name] for name in listed})
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def test_readme_says_what_is_in_it_and_how_to_open_it(archive, small_run):
    with zipfile.ZipFile(archive) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith("README.txt"))
        readme = opened.read(name).decode()
    record = small_run.record
    for text in (
        record["run_id"], '"small": simulated data', record["created"], record["spec_hash"],
        f"schema {record['schema_version']}", small_run.device.name, "recycling unbundle",
        "xarray.open_dataset", "sha256sum -c manifest-sha256.txt", "flag, S, B, C_I",
        "equilibrium, recycling", "before, after", "X, Y, Z",
        *(f"{name} {version}" for name, version in record["software"].items()),
    ):  # fmt: skip
        assert text in readme
    assert max(map(len, readme.splitlines())) <= 100
    for name in ("results.nc", "jobs/", "shots/", "run.json.copy"):
        assert re.search(rf"^  {re.escape(name)}  +\w", readme, re.MULTILINE)


def test_bag_unpacked_and_zipped_by_other_hands_opens(archive, payload, tmp_path):
    # Such an archive has entries for folders, is compressed, and keeps times.
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "by-hand")
    again = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "by-hand")
    assert tree(open_bundle(again, tmp_path / "opened").path) == payload


# What is not bundled.


def test_unfinished_run_is_not_bundled(copied, tmp_path):
    write_journal(copied, JobRecord(name="trial-1"))
    (copied / "shots" / "trial-1.npz").unlink()
    with pytest.raises(rc.BadInput, match=r"is not finished: go on with: recycling resume "):
        write_bundle(copied, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_run_that_does_not_say_it_is_done_is_not_bundled(copied, tmp_path):
    for name in ("run.json", "run.json.copy"):
        record = unseal((copied / name).read_bytes())
        (copied / name).write_bytes(seal(record | {"state": "open"}))
    with pytest.raises(rc.BadInput, match="is not finished"):
        write_bundle(copied, tmp_path / "b.zip")


@pytest.mark.parametrize(
    "name", ["run.json", "run.json.copy", "circuits.qpy", "shots/trial-0.npz", "telemetry.jsonl"]
)
def test_damaged_run_is_not_bundled(name, copied, tmp_path):
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(rc.BadInput, match=f"{name} is damaged: .*recycling resume"):
        write_bundle(copied, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_telemetry_cut_where_a_line_ends_is_seen(copied, tmp_path):
    lines = (copied / "telemetry.jsonl").read_bytes().splitlines(keepends=True)
    for kept in range(len(lines)):
        (copied / "telemetry.jsonl").write_bytes(b"".join(lines[:kept]))
        with pytest.raises(rc.BadInput, match=r"telemetry\.jsonl is damaged: lines are missing"):
            write_bundle(copied, tmp_path / "b.zip")


def test_run_in_use_is_not_bundled(copied, tmp_path):
    with locked(copied), pytest.raises(rc.BadInput, match="in use by another process"):
        write_bundle(copied, tmp_path / "b.zip")


def test_what_is_no_run_is_not_bundled(tmp_path):
    with pytest.raises(rc.BadInput, match="not a run directory"):
        write_bundle(tmp_path, tmp_path / "b.zip")


def test_existing_archive_is_kept(small_run, tmp_path):
    (tmp_path / "b.zip").write_bytes(b"mine")
    with pytest.raises(rc.BadInput, match=r"out = '.*b\.zip' exists: give a new file"):
        write_bundle(small_run.path, tmp_path / "b.zip")
    assert tree(tmp_path) == {"b.zip": b"mine"}


def test_bundle_that_cannot_be_written_leaves_nothing(small_run, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(rc.BadInput, match="give another file"):
        write_bundle(small_run.path, tmp_path / "file" / "b.zip")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recycling.store.bundle.os, "fsync", full)
    with pytest.raises(rc.BadInput, match="No space left on device"):
        write_bundle(small_run.path, tmp_path / "b.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# What is not opened: damage.


def test_flipped_bits_are_refused_or_do_not_matter(archive, payload, tmp_path):
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        directory = range(opened.start_dir, len(raw))
        headers = [
            offset
            for info in opened.infolist()
            for offset in range(info.header_offset, info.header_offset + 30 + len(info.filename))
        ]
    draw = random.Random(20260107)
    positions = [
        *draw.sample(range(len(raw)), 40), *draw.sample(headers, 20), *draw.sample(directory, 40)
    ]  # fmt: skip
    flipped = tmp_path / "flipped.zip"
    harmless = 0
    for position in positions:
        changed = bytearray(raw)
        changed[position] ^= 1 << draw.randrange(8)
        flipped.write_bytes(changed)
        try:
            opened = open_bundle(flipped, tmp_path / "opened")
        except rc.BadInput:
            assert not (tmp_path / "opened").exists()
        else:
            assert tree(opened.path) == payload, position
            shutil.rmtree(opened.path)
            harmless += 1
    # Times and the like do not matter; most bytes do.
    assert 0 < harmless < len(positions) / 2


def test_flip_inside_each_file_is_refused_by_name(archive, payload, tmp_path):
    raw = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
    assert len(infos) == len(payload) + 4
    for info in infos:
        changed = bytearray(raw)
        changed[info.header_offset + 30 + len(info.filename) + info.file_size // 2] ^= 0x10
        (tmp_path / "flipped.zip").write_bytes(changed)
        assert info.filename in refused(tmp_path / "flipped.zip", tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated_archive_is_refused(kept, archive, tmp_path):
    raw = archive.read_bytes()
    (tmp_path / "short.zip").write_bytes(raw[: int(kept * len(raw))])
    refused(tmp_path / "short.zip", tmp_path)


def test_last_byte_is_needed(archive, tmp_path):
    (tmp_path / "short.zip").write_bytes(archive.read_bytes()[:-1])
    refused(tmp_path / "short.zip", tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "text.zip").write_text("no archive")
    assert "not a zip file" in refused(tmp_path / "text.zip", tmp_path)
    assert "No such file" in refused(tmp_path / "none.zip", tmp_path)
    (tmp_path / "folder.zip").mkdir()
    assert "directory" in refused(tmp_path / "folder.zip", tmp_path)
    assert "it holds nothing" in refused(zipped(tmp_path / "empty.zip", {}), tmp_path)
    other = zipped(tmp_path / "other.zip", {"letter.txt": b"Dear"})
    assert "'tagmanifest-sha256.txt' is missing" in refused(other, tmp_path)


def test_existing_folder_is_kept(archive, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("mine", "link"):
        with pytest.raises(rc.BadInput, match=f"out = '.*{name}' exists: give a new folder"):
            open_bundle(archive, tmp_path / name)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(rc.BadInput, match="bundle = "):
        open_bundle(archive, tmp_path / "file" / "opened")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "mine"]


# What is not opened: archives made to do harm. Their checksums are right.


def test_archive_made_here_opens(payload, tmp_path):
    # The archives below differ from this one in a single thing each.
    made = zipped(tmp_path / "made.zip", bag_of(payload))
    assert tree(open_bundle(made, tmp_path / "opened").path) == payload


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "../../../evil", "data/../../evil", "data/shots/../../../evil", "data/..", "..",
        "data/./evil", "data//evil", "data\\evil", "data/..\\..\\evil", "C:evil", "C:/evil",
        "data/evil:stream", "data/.lock", "data/.hidden/evil", "data/evil\x00.txt", "data/evil.",
        "data/evil ", "data/e\x1b[2Jvil", "data/evi\u202el", "~/evil",
    ],
)  # fmt: skip
def test_unsafe_names_are_refused(name, payload, tmp_path):
    # zipfile cuts a name at a null byte: it is put in afterwards.
    info = zipfile.ZipInfo("bag/" + name.replace("\x00", "?"))
    made = zipped(tmp_path / "made.zip", [*bag_of(payload).items(), (info, b"evil")])
    made.write_bytes(made.read_bytes().replace(b"evil?", b"evil\x00"))
    assert f"{'bag/' + name!r} is no safe name" in refused(made, tmp_path)
    assert not (tmp_path.parent / "evil").exists()


def test_absolute_name_is_refused(payload, tmp_path):
    members = [*bag_of(payload).items(), (zipfile.ZipInfo("/evil"), b"evil")]
    assert "'/evil' is no safe name" in refused(zipped(tmp_path / "made.zip", members), tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_special_files_are_refused(kind, payload, tmp_path):
    info = zipfile.ZipInfo("bag/data/results.nc")
    info.external_attr = (kind | 0o777) << 16
    members = bag_of(payload | {"results.nc": b"/etc/passwd"})
    members.pop("data/results.nc")
    made = zipped(tmp_path / "made.zip", [*members.items(), (info, b"/etc/passwd")])
    assert "'bag/data/results.nc' is a link or a special file" in refused(made, tmp_path)


def test_names_that_come_twice_are_refused(payload, tmp_path):
    members = list(bag_of(payload).items())
    for name in ("data/run.json", "data/RUN.json"):
        made = zipped(tmp_path / "made.zip", [*members, (name, payload["run.json"])])
        assert "'bag/data/run.json' is in it 2 times" in refused(made, tmp_path)


def test_file_that_is_a_folder_as_well_is_refused(payload, tmp_path):
    members = bag_of(payload | {"jobs": b"", "jobs/x": b""})
    refused(zipped(tmp_path / "made.zip", members), tmp_path)


def test_members_must_be_those_of_the_manifest(payload, tmp_path):
    members = bag_of(payload)
    made = zipped(tmp_path / "made.zip", members | {"data/extra.py": b"pass"})
    assert "'data/extra.py' is in no manifest" in refused(made, tmp_path)
    made = zipped(tmp_path / "made.zip", members | {"extra.txt": b""})
    assert "'extra.txt' is in no manifest" in refused(made, tmp_path)
    members.pop("data/results.nc")
    made = zipped(tmp_path / "made.zip", members)
    assert "'data/results.nc' is missing" in refused(made, tmp_path)


def test_everything_lies_in_one_folder(payload, tmp_path):
    members = [*bag_of(payload).items(), (zipfile.ZipInfo("other/data/x"), b"")]
    made = zipped(tmp_path / "made.zip", members)
    assert "it holds bag, other instead of one folder" in refused(made, tmp_path)
    assert "instead of one folder" in refused(
        zipped(tmp_path / "made.zip", bag_of(payload), base=""), tmp_path
    )


@pytest.mark.parametrize("name", ["data/run.json", *TAGS[1:]])
def test_content_must_have_its_checksum(name, payload, tmp_path):
    # The checksum of ZIP itself is right here.
    members = bag_of(payload)
    changed = members[name] + b" "
    if name == "manifest-sha256.txt":
        changed = members[name].replace(members[name][:64], b"0" * 64)
    made = zipped(tmp_path / "made.zip", members | {name: changed})
    assert "the checksum of" in refused(made, tmp_path)


@pytest.mark.parametrize("line", [b"nonsense\n", b"\xff\n", b"0" * 64 + b"  ../evil\n"])
def test_manifest_must_be_a_list_of_checksums(line, payload, tmp_path):
    members = bag_of(payload)
    members["manifest-sha256.txt"] += line
    refused(zipped(tmp_path / "made.zip", members), tmp_path)
    twice = members["manifest-sha256.txt"].splitlines(keepends=True)[0]
    members["manifest-sha256.txt"] = bag_of(payload)["manifest-sha256.txt"] + twice
    made = zipped(tmp_path / "made.zip", members)
    assert "is no list of checksums" in refused(made, tmp_path)


def patched(archive, name, offset, content, path):
    """Copy of an archive with other bytes in a member's entry of the directory."""
    raw = bytearray(archive.read_bytes())
    entry = raw.rindex(b"PK\x01\x02", 0, raw.rindex(name.encode()))
    raw[entry + offset : entry + offset + len(content)] = content
    path.write_bytes(raw)
    return path


#: Offsets in an entry of the directory.
FLAGS, UNPACKED_SIZE = 8, 24


def test_absurd_sizes_are_refused_before_anything_is_unpacked(archive, tmp_path, monkeypatch):
    def never(*_arguments):
        raise AssertionError("nothing may be unpacked")

    monkeypatch.setattr(recycling.store.bundle, "unpack", never)
    bomb = patched(
        archive, "data/telemetry.jsonl", UNPACKED_SIZE, b"\xfe\xff\xff\xff", tmp_path / "bomb.zip"
    )
    assert "which is absurd" in refused(bomb, tmp_path)
    monkeypatch.setattr(recycling.store.bag, "LARGEST", archive.stat().st_size // 2)
    assert "which is absurd" in refused(archive, tmp_path)


def test_member_longer_than_its_directory_says_is_refused(payload, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in bag_of(payload | {"zeros": bytes(10**6)}).items():
            made.writestr(f"bag/{name}", content)
    (tmp_path / "made.zip").write_bytes(stream.getvalue())
    small = patched(
        tmp_path / "made.zip", "data/zeros", UNPACKED_SIZE, b"\x0a\0\0\0", tmp_path / "small.zip"
    )
    assert "'bag/data/zeros' cannot be unpacked" in refused(small, tmp_path)


def test_encrypted_and_unusually_compressed_members_are_refused(archive, payload, tmp_path):
    made = patched(archive, "data/results.nc", FLAGS, b"\x01", tmp_path / "made.zip")
    assert "is encrypted" in refused(made, tmp_path)
    with zipfile.ZipFile(tmp_path / "made.zip", "w", zipfile.ZIP_BZIP2) as made:
        for name, content in bag_of(payload).items():
            made.writestr(f"bag/{name}", content)
    assert "compressed in an unusual way" in refused(tmp_path / "made.zip", tmp_path)


# What is not opened: a good bag of a run that is none.


def with_record(payload, **changes):
    sealed = seal(unseal(payload["run.json"]) | changes)
    return bag_of(payload | {"run.json": sealed, "run.json.copy": sealed})


def test_run_of_a_newer_program_is_refused(payload, tmp_path):
    made = zipped(tmp_path / "made.zip", with_record(payload, schema_version=99))
    assert "schema_version = 99 is newer" in refused(made, tmp_path)


@pytest.mark.parametrize("name", ["../../evil", "/etc/hostname", "a/../../b"])
def test_run_that_names_files_outside_is_refused(name, payload, tmp_path):
    checksums = unseal(payload["run.json"])["checksums"] | {name: "0" * 64}
    made = zipped(tmp_path / "made.zip", with_record(payload, checksums=checksums))
    assert f"{name!r}" in refused(made, tmp_path)


def test_run_that_is_not_what_its_record_says_is_refused(payload, tmp_path):
    changed = payload | {"shots/trial-0.npz": payload["shots/trial-1.npz"]}
    made = zipped(tmp_path / "made.zip", bag_of(changed))
    assert "'data/shots/trial-0.npz' is not what run.json says" in refused(made, tmp_path)
    missing = {name: content for name, content in payload.items() if name != "circuits.qpy"}
    made = zipped(tmp_path / "made.zip", bag_of(missing))
    assert "'data/circuits.qpy' is not what run.json says" in refused(made, tmp_path)


def test_unfinished_run_is_refused(payload, tmp_path):
    part = {name: content for name, content in payload.items() if "trial-1" not in name}
    part["jobs/trial-1.json"] = seal({"name": "trial-1", "attempts": []})
    made = zipped(tmp_path / "made.zip", bag_of(part))
    assert "its run is not finished" in refused(made, tmp_path)


def test_bag_without_a_run_is_refused(payload, tmp_path):
    rest = {name: content for name, content in payload.items() if name != "run.json"}
    made = zipped(tmp_path / "made.zip", bag_of(rest))
    assert "it holds no run" in refused(made, tmp_path)


@pytest.mark.parametrize(
    "changes", [{"checksums": None}, {"checksums": [1]}, {"spec": 3}, {"brackets": "yes"}]
)
def test_nonsense_in_the_record_is_refused(changes, payload, tmp_path):
    made = zipped(tmp_path / "made.zip", with_record(payload, **changes))
    refused(made, tmp_path)


class Trap:
    """Executes something when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_opening_a_bundle_executes_nothing(payload, tmp_path):
    stream = io.BytesIO()
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.savez(stream, bits=np.array(4), shots=trap)
    forged = payload | {"shots/trial-0.npz": stream.getvalue()}
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    journal = unseal(payload["jobs/trial-0.json"])
    journal["attempts"][-1]["shots_checksum"] = digest
    forged["jobs/trial-0.json"] = seal(journal)
    made = zipped(tmp_path / "made.zip", bag_of(forged))
    message = refused(made, tmp_path)
    assert "'data/shots/trial-0.npz' is damaged: it cannot be read" in message
    assert not (tmp_path / "sprung").exists()
