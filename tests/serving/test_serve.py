"""The command over a real socket: it serves, writes nothing, and stops at Ctrl-C."""

import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

import recycling as rc
from recycling.cli.app import app
from recycling.serving.application import application
from tests.serving.folder import HOST, fill_with_more, state_of

MAIN = "import sys; sys.argv[0] = 'recycling'; from recycling.cli import main; main()"


def recycling(*arguments):
    return CliRunner().invoke(app, ["serve", *map(str, arguments)])


def test_it_serves_until_interrupted(served):
    command = [sys.executable, "-c", MAIN, "serve", str(served.folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        address = process.stdout.readline().decode().strip()
        assert address.startswith("http://127.0.0.1:")
        with urlopen(f"{address}api/runs") as answer:
            assert b'"small"' in answer.read()
        port = int(address.rstrip("/").rpartition(":")[2])
        with socket.socket() as other, pytest.raises(OSError):  # noqa: PT011
            other.bind(("127.0.0.1", port))
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, b"")


def test_requests_do_not_import_qiskit(tmp_path):
    """They end, and Qiskit crashes the process where the thread that imported it has ended."""
    code = (
        "import sys; from pathlib import Path; from recycling.serving.server import serve\n"
        "serve(Path(sys.argv[1]), say=lambda line: sys.exit('qiskit' not in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0


def test_a_port_in_use_is_one_line(served):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = recycling(served.folder, "--port", port)
    assert result.exit_code == 2
    reason = "address already in use; give another one, or 0"
    assert result.stderr == f"error: port = {port}: {reason}\n"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("nowhere", "no such file or directory"), ("small", "is a run"), ("file", "not a directory")],
)
def test_a_folder_that_is_none_is_one_line(served, tmp_path, path, reason):
    (tmp_path / "file").write_text("")
    folder = served.folder / path if path == "small" else tmp_path / path
    result = recycling(folder)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_flask_one_line_names_the_extra(served, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("recycling.serving")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flask", None)
    result = recycling(served.folder)
    assert result.exit_code == 2
    assert 'pip install "thermodynamic-recycling[serve]"' in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.fixture
def more(tmp_path):
    """A folder with a sweep and a campaign."""
    fill_with_more(tmp_path / "runs", tmp_path / "elsewhere")
    return tmp_path / "runs"


def test_nothing_is_written_by_looking_at_runs(served):
    before = state_of(served.folder)
    for path in ("/", "/runs/small", "/runs/open", "/runs/broken", "/api/runs/small", "/compare"):
        assert served.get(path).status_code in (200, 422)
    assert state_of(served.folder) == before


@pytest.mark.slow
@pytest.mark.parametrize("mode", [0o755, 0o555])
def test_nothing_is_written_by_looking_at_a_sweep_or_a_campaign(more, mode):
    folders = [more, *(path for path in more.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(mode)
    before = state_of(more)
    try:
        client = application(more).test_client()
        assert "1 of 1 runs done (simulated)" in client.get("/", base_url=HOST).text
        for path, words in {
            "/sweeps/chips": "Over pairs of axes",
            "/campaigns/nights": "success_fidelity",
            "/runs/nights/runs/0001": "Verdicts",
            "/api/version": "version",
        }.items():
            answer = client.get(path, base_url=HOST)
            assert answer.status_code == 200
            assert words in answer.text
        assert state_of(more) == before
    finally:
        for path in folders:
            path.chmod(0o755)


@pytest.mark.slow
def test_a_comparison_is_that_of_the_command_and_writes_nothing(served, tmp_path):
    before = state_of(served.folder)
    answer = served.get("/compare?run=small&run=later/theory")
    assert answer.status_code == 200
    assert state_of(served.folder) == before
    runs = served.folder / "small", served.folder / "later/theory"
    rc.compare(*runs, out=tmp_path / "page.html")
    assert answer.text == (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_wrong_with_a_sweep_or_a_campaign_is_said(more):
    (more / "chips/chunks.jsonl").write_bytes(b"")
    (more / "nights/campaign.db").write_bytes(b"no database at all" * 100)
    client = application(more).test_client()
    text = client.get("/", base_url=HOST).text
    assert "damaged: " in text
    assert "Not finished" in client.get("/sweeps/chips", base_url=HOST).text
    answer = client.get("/campaigns/nights", base_url=HOST)
    assert answer.status_code == 422
    assert str(more / "nights/campaign.db") in answer.text
    (more / "chips/sweep.json").write_bytes(b"{}")
    assert client.get("/sweeps/chips", base_url=HOST).status_code == 422
