"""Who is answered, and that nothing outside of the folder is."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.serving.application import application
from recycling.serving.guarding import PAGE, SANDBOX
from tests.serving.folder import HOST, forged

SECRET = "not to be served"
ROUTES = ("/runs/", "/sweeps/", "/campaigns/", "/report/", "/file/", "/api/runs/", "/static/", "/")
PIECES = st.sampled_from(
    ["..", ".", "/", "//", "%2e%2e", "%2f", "%252f", "\\", "%5c", "%00", "small", "secret.html",
     "report.html", "link", "run.json", "etc/passwd", "~", "?file=", "..;", "%c0%af"]
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile(served, tmp_path_factory):
    """Client of a folder with links that lead out of it, beside a secret."""
    root = tmp_path_factory.mktemp("hostile")
    folder = root / "runs"
    shutil.copytree(served.folder / "small", folder / "small")
    for name in ("report.html", "secret.html"):
        (root / name).write_text(SECRET)
    (folder / "small/report.html").unlink(missing_ok=True)
    (folder / "small/report.html").symlink_to(root / "report.html")
    (folder / "small/figures").mkdir(exist_ok=True)
    (folder / "small/figures/leak.svg").symlink_to(root / "secret.html")
    (folder / "link").symlink_to(root)
    shutil.copytree(served.folder / "small", root / "outside")
    (folder / "borrowed").mkdir()
    (folder / "borrowed/run.json").symlink_to(root / "outside/run.json")
    (folder / "circle").symlink_to(folder)
    return application(folder).test_client()


@settings(max_examples=60)
@given(st.sampled_from(ROUTES), st.lists(PIECES, max_size=8))
def test_no_path_leads_out_of_the_folder(hostile, route, pieces):
    with hostile.get(f"{route}{''.join(pieces)}", base_url=HOST) as answer:
        assert answer.status_code in (200, 308, 404, 422)
        assert SECRET not in answer.text
        assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/report/small",
        "/file/small?file=report.html",
        "/file/small?file=figures/leak.svg",
        "/file/small?file=../../secret.html",
        "/file/small?file=/etc/passwd",
        "/file/link?file=secret.html",
        "/file/../secret.html",
        "/runs/link/outside",
        "/runs/circle/small",
    ],
)
def test_links_are_not_followed(hostile, path):
    answer = hostile.get(path, base_url=HOST)
    assert answer.status_code == 404
    assert SECRET not in answer.text


def test_a_run_with_a_link_out_of_the_folder_is_said_to_be_damaged(hostile):
    found = {run["name"]: run for run in hostile.get("/api/runs", base_url=HOST).json["runs"]}
    assert set(found) == {"small", "borrowed"}
    assert "leads out of the served folder" in found["borrowed"]["fault"]
    page = hostile.get("/runs/small", base_url=HOST)
    assert page.status_code == 200
    assert "leads out of the served folder" in page.text


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.example", "10.0.0.1", "", "[::1]"])
def test_another_host_is_refused(served, host):
    answer = served.client.get("/", base_url=HOST, headers={"Host": host})
    assert answer.status_code == 400
    assert "runs" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:8000"])
def test_this_machine_is_answered(served, host):
    assert served.client.get("/", base_url=HOST, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_allowed(served, method):
    answer = served.client.open("/runs/small", method=method, base_url=HOST)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_head_is_answered_without_a_body(served):
    answer = served.client.head("/", base_url=HOST)
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/runs/small", "/nowhere", "/api/runs", "/static/serve.js"])
def test_every_page_has_a_strict_policy(served, path):
    with served.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"] == PAGE
    assert "unsafe" not in PAGE
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_what_lies_in_the_folder_has_no_origin(served):
    (served.folder / "later/theory/report.html").write_text("<script>alert(1)</script>")
    with served.get("/report/later/theory") as answer:
        pass
    assert answer.headers["Content-Security-Policy"] == SANDBOX
    assert SANDBOX.startswith("sandbox ")
    assert "allow-same-origin" not in SANDBOX
    (served.folder / "later/theory/report.html").unlink()
    with served.get("/file/small?file=run.json") as answer:
        pass
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == SANDBOX


def test_hostile_names_are_escaped(served, tmp_path):
    name = "<img src=x onerror=alert(1)> & \"'\u202e"
    shutil.copytree(served.folder / "open", tmp_path / name)
    forged(tmp_path / name, backend="ibm:<script>alert(2)</script>")
    client = application(tmp_path).test_client()
    listed = client.get("/", base_url=HOST).text
    [run] = client.get("/api/runs", base_url=HOST).json["runs"]
    assert run["name"] == name
    page = client.get(run["links"]["page"], base_url=HOST)
    assert page.status_code == 200
    for text in (listed, page.text):
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert "\u202e" not in text


@pytest.fixture(scope="module")
def any_record(tmp_path_factory):
    """A folder with a run whose record is to be changed, and its client."""
    folder = tmp_path_factory.mktemp("any")
    (folder / "run/jobs").mkdir(parents=True)
    return folder / "run", application(folder).test_client()


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["name", "state", "kind", "created", "device", "origin", "backend"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=9), st.lists(st.integers())),
        min_size=1,
    )
)
def test_any_record_leaves_the_list_standing(served, any_record, changes):
    path, client = any_record
    for name in ("run.json", "run.json.copy"):
        shutil.copyfile(served.folder / "small" / name, path / name)
    forged(path, **changes)
    for page in ("/", "/runs/run"):
        assert client.get(page, base_url=HOST).status_code == 200
