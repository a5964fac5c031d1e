"""``latest`` for the newest run, and ``recycling open``."""

import json
import webbrowser
from shutil import copytree, ignore_patterns

import pytest

from recycling.cli.newest import newest_run
from tests.on_ibm import command


def record(folder, name, created, **more):
    path = folder / "runs" / name / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"created": created, **more}), encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Folder in which the newest run of the protocol is neither the last by name nor by file."""
    record(tmp_path, "b", "2026-11-28T12:00:00+00:00")
    record(tmp_path, "a", "2026-11-28T11:00:00+00:00", kind="protocol")
    record(tmp_path, "c", "2026-11-28T10:00:00+00:00")
    record(tmp_path, "d", "2026-11-28T13:00:00+00:00", kind="latency")
    for name, content in {"e": "{", "f": "[1]", "g": '{"created": 3}'}.items():
        (tmp_path / "runs" / name).mkdir()
        (tmp_path / "runs" / name / "run.json").write_text(content, encoding="utf-8")
    (tmp_path / "runs" / "notes.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda _page: pytest.fail("no browser was asked for"))
    return tmp_path


def test_the_newest_is_the_one_created_last(folder):
    assert newest_run(folder / "runs").name == "d"
    assert newest_run(folder / "runs", "protocol").name == "b"
    assert newest_run(folder / "runs", "reset") is None
    assert newest_run(folder / "nosuch") is None


def test_a_damaged_record_hides_no_run(folder):
    """The command would act on an older run."""
    newest = folder / "runs" / "d"
    (newest / "run.json").rename(newest / "run.json.copy")
    (newest / "run.json").write_text("{", encoding="utf-8")
    assert newest_run(folder / "runs").name == "d"


@pytest.mark.parametrize(("name", "found"), {
    "status": "d", "resume": "d", "cancel": "d", "analyse": "d", "report": "d", "export": "d",
    "bundle": "d", "ledger": "b", "archive": "b", "compare": "b", "adopt": "d", "open": "d",
}.items())  # fmt: skip
def test_every_command_says_which_run_it_takes(name, found, folder):
    more = {"compare": ["latest"], "adopt": ["--tag", "t"]}.get(name, [])
    done = command(name, "latest", *more)
    assert done.code == 2  # these are no runs but their times
    first, *_, last = done.err.splitlines()
    assert first == f"latest: runs/{found}"
    assert f"runs/{found}" in last
    assert done.out == ""
    assert (folder / "runs" / found).is_dir()


def test_a_folder_named_latest_is_that_folder(folder):
    (folder / "latest").mkdir()
    done = command("status", "latest")
    assert (done.code, done.err.splitlines()[0][:24]) == (2, "error: run = 'latest' is")


def test_without_a_run_there_is_no_latest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("ledger", "latest")
    line = "error: run = 'latest': there is no run of the protocol in runs/; give the path of one\n"
    assert (done.code, done.err) == (2, line)


# -- open ----------------------------------------------------------------------------------------


@pytest.fixture
def page(folder):
    path = folder / "runs" / "b" / "report.html"
    path.touch()
    return path


def test_open_prints_the_path_alone(page):
    done = command("open", "runs/b", "--print")
    assert (done.code, done.out, done.err) == (0, "runs/b/report.html\n", "")
    assert page.is_file()


def test_open_shows_the_report_in_the_browser(page, monkeypatch):
    opened = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or True)
    done = command("open", "runs/b")
    assert (done.code, done.out, done.err) == (0, "opened: runs/b/report.html\n", "")
    assert opened == [page.resolve().as_uri()]


def test_without_a_display_nothing_is_opened(page, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    done = command("open", "runs/b")
    line = "no browser can be opened here: open this file on a machine with a display\n"
    assert (done.code, done.out, done.err) == (0, "runs/b/report.html\n", line)
    assert page.is_file()


@pytest.mark.usefixtures("short_reports")
def test_open_makes_a_report_that_is_missing(small_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recycling.cli.finish.keep_theory", lambda *_: None)
    copytree(small_run.path, "runs/small", ignore=ignore_patterns("report.html"))
    done = command("open", "latest", "--print")
    assert done.code == 0, done
    assert done.out.splitlines()[-1] == "runs/small/report.html"
    assert (tmp_path / "runs" / "small" / "report.html").is_file()
