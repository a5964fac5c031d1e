"""What the token opens stays closed: it is in no file, no output and no log; nor is markup live."""

import io
import logging
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

import recycling as rc
import recycling.reporting.machine_sections
import recycling.reporting.rendering
import recycling.reporting.result_sections
from tests.loopback import Answer, Destiny, Fault, LoopbackService
from tests.on_ibm import IBM, command, connected, plan_on_ibm, planned_once, spec

#: Markup as a spec or a service may hold it.
MARKUP = '<script>alert("markup")</script><img src=x onerror=alert(1)>'
SPEC = f"# {MARKUP}\n" + spec("bracket_shots = 1000", brackets=True)
#: The client's own logs are its own, but for what it got for the key.
FOREIGN = "qiskit_ibm_runtime"


class Markup(HTMLParser):
    """Counts the tags of a page."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def service():
    with LoopbackService(seed=1) as service:
        yield service


@pytest.fixture(scope="module")
def plan(service, tmp_path_factory):
    with connected(service, tmp_path_factory.mktemp("plan") / "accounts.json"):
        return plan_on_ibm(rc.Experiment.parse(SPEC))


@pytest.fixture(autouse=True)
def here(service, plan, tmp_path, monkeypatch, caplog):
    """An empty folder whose commands are led to the service and logged in full."""
    service.faults.clear()
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    # Figures take longer than all else, and show nothing of the account.
    for drawn in ("paper_figures", "sensitivity_figures", "branch_figures"):
        monkeypatch.setattr(recycling.reporting.result_sections, drawn, lambda *_: {})
    for drawn in ("schedule_figure", "circuit_figure"):
        monkeypatch.setattr(recycling.reporting.machine_sections, drawn, lambda *_: None)
    monkeypatch.setattr(recycling.reporting.rendering, "to_svg", lambda _: b"<svg/>")
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    with connected(service, tmp_path / "accounts.json") as patch:
        planned_once(patch, plan)
        yield


@pytest.fixture
def secrets(service):
    """The key of the account, and what the client got for it."""
    return (service.token, service.bearer)


def run(*options):
    return command("run", "spec.toml", "--backend", IBM, "--out", "out", *options)


def contents(folder):
    """Name and bytes of every file, and of every member of an archive."""
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield str(path), content
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield f"{path}/{name}", archive.read(name)


def assert_kept(secrets, done, caplog):
    """None of the secrets is in what a command wrote, printed or logged."""
    files = dict(contents("."))
    assert any(name.startswith("out/") for name in files)
    logged, of_client = (
        "\n".join(
            caplog.handler.format(record)
            for record in caplog.records
            if record.name.startswith(FOREIGN) == foreign
        )
        for foreign in (False, True)
    )
    assert secrets[1] not in of_client
    for secret in secrets:
        for name, content in files.items():
            assert secret.encode() not in content, name
        for text in (done.out, done.err, done.traceback, logged):
            assert secret not in text


def test_a_run_keeps_the_secrets(secrets, caplog):
    done = run("--debug")
    assert done.code == 0
    assert Path("out/report.html").exists()
    assert_kept(secrets, done, caplog)
    # The search finds what is there: the instance is no secret.
    assert any(b"ibm_marrakesh" in content for _, content in contents("out"))


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_a_refusal_that_repeats_the_secrets_is_told_without_them(secrets, service, caplog, debug):
    body = f'{{"errors": [{{"code": 1, "message": "key {secrets[0]}, bearer {secrets[1]}"}}]}}'
    service.faults.append(Fault(Answer(body.encode(), code=400), tag="job:trial-1"))
    done = run(*debug)
    assert done.code == 4
    assert ("Traceback" in done.err) == bool(debug)
    assert "400" in done.err.splitlines()[-1]
    assert_kept(secrets, done, caplog)


def test_a_failed_job_that_repeats_the_secrets_is_told_without_them(secrets, service, caplog):
    reason = f"key {secrets[0]}, bearer {secrets[1]}: no such thing"
    service.faults.append(Fault(Destiny("Failed", reason, 8000), tag="job:trial-1"))
    done = run()
    assert done.code == 4
    assert "no such thing" in done.error
    assert_kept(secrets, done, caplog)


def test_markup_stays_text(service):
    """That of a spec, and that of a service that fails."""
    service.faults.append(Fault(Destiny("Failed", MARKUP, 8000), tag="job:trial-1"))
    assert run().code == 4
    # One trial is whole: it can be analysed and reported.
    assert command("report", "out").code == 0
    html = Path("out/report.html").read_text(encoding="utf-8")
    assert MARKUP not in html
    for caption in (
        "Jobs", "The bath qubit since its calibration", "The bath qubit during the run", "Schedule",
    ):  # fmt: skip
        assert f"<h3>{caption}</h3>" in html
    assert html.count("&lt;script&gt;alert(&#34;markup&#34;)&lt;/script&gt;") == 2
    parsed = Markup()
    parsed.feed(html)
    assert not any("alert" in script for script in re.findall("<script.*?</script>", html, re.S))
    assert not any("onerror" in attributes for _, attributes in parsed.tags)
    figures = [attributes["src"] for tag, attributes in parsed.tags if tag == "img"]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in figures)
