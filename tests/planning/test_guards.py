"""Guards at the edges: failed controls, text from outside, places to write to, logs."""

import csv
import json
import logging
import shutil
import unicodedata

import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import recycling as rc
import recycling.cli.finish
import recycling.results.analysis
import recycling.store.targets
import recycling.studies.sharing
from recycling.cli.results import Result
from recycling.cli.terminal import errors, print_lines, print_table, shown
from recycling.errors import BackendFailure, Incomplete
from recycling.execution.ibm.logs import keep_secrets_out_of_logs, without_secrets
from recycling.reporting.typeset import typeset
from recycling.results.export import export
from recycling.spec.foreign_text import csv_text, visible, visible_json
from recycling.store.targets import check_folder, check_new_file, check_new_folder
from tests.on_ibm import command

# -- a failed control --------------------------------------------------------------------------


@pytest.fixture
def distrusted(small_run, small_dataset, monkeypatch):
    """Commands on the small run find trials that scatter ten times as much as their shots."""
    dataset = small_dataset.copy()
    dataset["heat_scatter"] = dataset["heat_scatter"] * 10
    monkeypatch.setattr(recycling.results.analysis, "analyse", lambda *_a, **_n: dataset)
    return small_run.path


@pytest.mark.usefixtures("short_reports")
@pytest.mark.parametrize("verb", ["analyse", "report", "resume"])
def test_a_failed_control_is_told_first_and_exits_with_5_if_strict(
    verb, distrusted, tmp_path, monkeypatch
):
    out = () if verb == "resume" else ("--out", tmp_path / "out")
    line = "1 control failed: trials are alike. The verdict is not to be trusted."
    if verb == "resume":
        monkeypatch.setattr(
            recycling.cli.finish, "_report", lambda _run, dataset, *_: Result(dataset)
        )
    done = command(verb, distrusted, *out)
    assert (done.code, done.traceback) == (0, "")
    assert done.out.splitlines()[0] == line
    strict = command(verb, distrusted, *out, "--strict")
    assert (strict.code, strict.out) == (5, done.out)
    assert strict.error == f"error: {line}"
    if verb == "report":
        page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        assert page.index(line) < page.index(typeset("below Q_tight"))


def test_a_failed_control_is_in_the_json(distrusted, tmp_path):
    done = command("analyse", distrusted, "--out", tmp_path, "--json", "--strict")
    assert done.code == 5
    assert json.loads(done.out)["controls_failed"] == ["trials are alike"]


def test_strict_passes_where_all_controls_do(small_run, tmp_path):
    done = command("analyse", small_run.path, "--out", tmp_path, "--json", "--strict")
    assert done.code == 0
    assert json.loads(done.out)["controls_failed"] == []


@pytest.mark.parametrize("verb", ["replay", "run", "resume", "analyse", "report"])
def test_whatever_shows_verdicts_can_be_strict(verb):
    assert "--strict" in command(verb, "--help").out


# -- text from outside -------------------------------------------------------------------------

#: ANSI colours, a title, C1 controls, a bidirectional override, a line feed and rich's markup.
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J\u202egnp.exe\u2066 [bold red]rich[/] :skull: \r\n\x08"


def obeyed(text):
    """Characters that a terminal obeys or hides."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl")]


@given(st.text(max_size=20))
@settings(max_examples=60)
def test_nothing_that_a_terminal_obeys_is_left(text):
    assert obeyed(visible(text)) == []
    assert obeyed(visible_json(json.dumps(text, ensure_ascii=False))) == []
    assert json.loads(visible_json(json.dumps(text, ensure_ascii=False))) == text


def test_what_can_be_read_stays_as_it_is():
    ours = "ΔQ_B − Q_tight (hf) at θ_b = π/4, 3.3 µs → ∞ … “ok”"
    assert visible(ours) == ours


class Lines:
    """A table with hostile cells."""

    columns = ("name",)
    rows = ((HOSTILE,),)
    note = HOSTILE


def test_what_is_printed_is_escaped(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    print_lines([HOSTILE])
    print_table(Lines(), HOSTILE)
    with shown(jobs=True) as work:
        work.step(HOSTILE)
        work.watch(HOSTILE, "done", 0.5)
    caught = capsys.readouterr()
    assert obeyed(caught.out + caught.err) == []
    assert caught.out.count("[bold red]rich[/] :skull:") == 4
    assert caught.err.count("[bold red]rich[/] :skull:") == 2


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("error", "code"),
    [(rc.BadInput, 2), (Incomplete, 3), (BackendFailure, 4), (OSError, 3)],
)
def test_an_error_is_escaped_and_keeps_its_code_with_debug(error, code, debug, capsys):
    with pytest.raises(SystemExit) as left, errors(debug=debug):
        raise error(HOSTILE)
    assert left.value.code == code
    told = capsys.readouterr().err
    assert obeyed(told) == []
    assert ("Traceback" in told) == debug
    assert "\\x1b[31mred" in told.splitlines()[-1]


def test_every_fault_is_a_line(capsys):
    with pytest.raises(SystemExit), errors(debug=False):
        raise rc.BadInput("a = 1: give 2", "b = 3: give 4")
    assert capsys.readouterr().err == "error: a = 1: give 2\nerror: b = 3: give 4\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_begins_a_formula(start, small_run, small_dataset, tmp_path):
    dataset = small_dataset.assign_attrs(device=f"{start}cmd|' /C calc'!A1", number=-1.5)
    export(small_run, dataset, tmp_path / "out", "csv")
    with (tmp_path / "out" / "attributes.csv").open(encoding="utf-8", newline="") as stream:
        told = dict(csv.reader(stream))
    escaped = {"\t": "\\t", "\r": "\\r"}.get(start, f"'{start}")
    assert told["device"] == escaped + "cmd|' /C calc'!A1" == csv_text(dataset.attrs["device"])
    assert told["number"] == "-1.5"
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as stream:
        assert any(float(row["heat"]) < 0 for row in csv.DictReader(stream)), "numbers stay"


# -- the client's logs -------------------------------------------------------------------------

TOKEN = "eyJhbGciOi.eyJleHAiOjF9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"headers: {{'Authorization': 'Bearer {TOKEN}', 'x': 1}}", "'x': 1"),
        ("headers: {'Authorization': 'Bearer not-a-jwt-0123', 'x': 1}", "'x': 1"),
        ("POST grant_type=apikey&apikey=not-a-jwt-0123&x=1", "&x=1"),
        ('{"access_token": "not-a-jwt-0123", "expires_in": 3600}', '"expires_in": 3600'),
        ("Authorization: apikey not-a-jwt-0123 x", " x"),
        (f"token {TOKEN} expired", "expired"),
    ],
)
def test_keys_and_tokens_are_taken_out(text, kept):
    told = without_secrets(text)
    assert "not-a-jwt" not in told
    assert "eyJ" not in told
    assert kept in told


@pytest.fixture
def record_factory():
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("record_factory")
def test_the_log_of_the_client_holds_no_token(caplog):
    keep_secrets_out_of_logs()
    once = logging.getLogRecordFactory()
    keep_secrets_out_of_logs()
    assert logging.getLogRecordFactory() is once
    caplog.set_level(logging.DEBUG)
    for name in ("qiskit_ibm_runtime.api.session", "urllib3.connectionpool", "requests"):
        logger = logging.getLogger(name)
        logger.debug("sent %s to %s", f"Bearer {TOKEN}", "host")
        logger.debug("does not fit", TOKEN)
        try:
            raise ValueError(f"refused: {TOKEN}")
        except ValueError:
            logger.exception("failed")
    logging.getLogger("mine").debug("mine: %s", TOKEN)
    assert caplog.text.count(TOKEN) == 1, "the user's log is the user's"
    assert caplog.text.count("ValueError: refused: …") == 3


# -- places to write to ------------------------------------------------------------------------


def working(*_arguments, **_named):
    raise AssertionError("it worked before it looked where to write")


@pytest.fixture
def taken(tmp_path, monkeypatch):
    """Places that cannot be written; commands that begin to work fail."""
    for module in (recycling.results.analysis, recycling.studies.sharing):
        for name in ("analyse", "analysed"):
            monkeypatch.setattr(module, name, working)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("keep", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("keep", encoding="utf-8")
    (tmp_path / "link").symlink_to("nowhere")
    return tmp_path


@pytest.mark.parametrize("out", ["file", "folder", "link", "file/below", "/dev/null/below"])
@pytest.mark.parametrize("verb", ["export", "bundle"])
@pytest.mark.usefixtures("taken")
def test_export_and_bundle_look_where_to_write_first(verb, out, small_run):
    done = command(verb, small_run.path, "--out", out)
    assert done.code == 2, done.traceback
    assert done.only_line.startswith(f"error: out = {out!r}")


@pytest.mark.usefixtures("taken")
def test_an_unknown_format_is_refused_first(small_run):
    done = command("export", small_run.path, "--format", "xlsx")
    assert "format = 'xlsx': give one of csv, parquet, json" in done.only_line


def test_looking_leaves_nothing_behind(tmp_path):
    check_new_file(tmp_path / "new" / "a.zip")
    check_new_folder(tmp_path / "new")
    check_folder(tmp_path / "new" / "deep")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def read_only(small_run, monkeypatch):
    """The small run where nothing can be written into it."""

    def refuse(**where):
        if where["dir"].is_relative_to(small_run.path):
            raise PermissionError(13, "Permission denied")
        return open(where["dir"] / ".probe", "wb")  # noqa: PTH123

    monkeypatch.setattr(recycling.store.targets, "TemporaryFile", refuse)
    return small_run.path


def test_a_read_only_run_is_bundled_from_a_copy(read_only, tmp_path):
    done = command("bundle", read_only, "--out", tmp_path / "run.zip")
    assert done.code == 2
    assert done.only_line.endswith("cannot be written: bundle a copy of it")


@pytest.mark.usefixtures("short_reports")
@pytest.mark.parametrize("verb", ["analyse", "report"])
def test_a_read_only_run_is_analysed_to_another_place(verb, read_only, small_dataset, tmp_path):
    refused = command(verb, read_only)
    assert refused.code == 2
    assert "cannot be written: give another place with --out" in refused.only_line
    assert "resume" not in refused.err
    before = {path: path.stat().st_mtime_ns for path in read_only.rglob("*")}
    done = command(verb, read_only, "--out", tmp_path / "else")
    assert done.code == 0, done.err
    assert {path: path.stat().st_mtime_ns for path in read_only.rglob("*")} == before
    with xr.open_dataset(tmp_path / "else" / "results.nc") as dataset:
        xr.testing.assert_equal(dataset.load(), small_dataset)
    assert (tmp_path / "else" / "report.html").exists() == (verb == "report")


@pytest.mark.parametrize("verb", ["analyse", "report", "export", "bundle"])
def test_a_damaged_run_that_is_read_only_is_not_to_be_resumed(
    verb, small_run, tmp_path, monkeypatch
):
    shutil.copytree(small_run.path, tmp_path / "run")
    (tmp_path / "run" / "shots" / "trial-1.npz").write_bytes(b"torn")
    assert "mend with: recycling resume" in command(verb, tmp_path / "run").only_line

    def refuse(**_where):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(recycling.store.targets, "TemporaryFile", refuse)
    told = command(verb, tmp_path / "run").only_line
    assert "resume" not in told
    assert "mend with: a copy of it in a folder that can be written" in told


def test_the_status_of_a_read_only_run_does_not_tell_to_resume_it(small_run, tmp_path, monkeypatch):
    shutil.copytree(small_run.path, tmp_path / "run")
    (tmp_path / "run" / "shots" / "trial-1.npz").write_bytes(b"torn")
    assert "go on with: recycling resume" in command("status", tmp_path / "run").out

    def refuse(**_where):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(recycling.store.targets, "TemporaryFile", refuse)
    told = command("status", tmp_path / "run").out
    assert "resume" not in told
    assert "go on with: a copy of it in a folder that can be written" in told


def test_a_read_only_run_is_exported(read_only, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in read_only.rglob("*")}
    done = command("export", read_only, "--out", tmp_path / "tables")
    assert done.code == 0, done.err
    assert {path: path.stat().st_mtime_ns for path in read_only.rglob("*")} == before


def test_no_budget_is_not_a_number():
    done = command("plan", "theory", "--max-qpu-seconds", "nan")
    assert done.code == 2
    assert "--max-qpu-seconds" in done.err.splitlines()[-1]
