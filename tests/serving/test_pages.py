"""What the pages show, by Flask's client: list, filters, order, runs, comparison, API."""

import re
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

import recycling as rc
from recycling.reporting.parts import Links, Quotation, Section
from recycling.results.summary import headline
from recycling.serving import shelf as shelf_module
from recycling.serving.application import application
from recycling.serving.listing import COLUMNS, View, choices
from recycling.serving.rows import Row
from recycling.serving.run_page import opened
from recycling.serving.shelf import Shelf
from recycling.serving.verdicts import Brief
from tests.serving.folder import HOST, forged


def names(text):
    """Names of the runs in the list, in their order."""
    return re.findall(r'<td class="name"><a href="/runs/([^"]*)"', text)


def test_the_list_shows_every_run(served):
    text = served.get("/").text
    assert set(names(text)) == {"small", "later/theory", "open", "broken"}
    assert "4 of 4 runs" in text
    assert "0 of 3" in text
    assert "not analysed" in text
    assert "1 of 1 done" in text


def test_a_damaged_run_is_in_the_list_with_what_is_wrong(served):
    text = served.get("/?state=damaged").text
    assert names(text) == ["broken"]
    assert "run.json is damaged, and so is its copy" in text
    page = served.get("/runs/broken")
    assert page.status_code == 200
    assert "run.json is damaged, and so is its copy" in page.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=THEO", ["later/theory", "open"]),
        ("name=kawasaki+small", ["small"]),
        ("state=open", ["open"]),
        ("backend=exact&sort=name", ["later/theory", "open", "small"]),
        ("kind=protocol&sort=name&order=desc", ["small", "open", "later/theory"]),
        ("source=measured", []),
        ("verdict=below_neither", ["small"]),
        ("verdict=none&sort=name", ["later/theory", "open"]),
        ("sort=tight", ["small", "broken", "later/theory", "open"]),
        ("sort=nonsense&other=%00", ["later/theory", "open", "small", "broken"]),
    ],
)
def test_filters_and_order(served, query, expected):
    assert names(served.get(f"/?{query}").text) == expected


ROWS = st.builds(
    Row,
    name=st.text(min_size=1, max_size=5),
    state=st.sampled_from(["done", "open", "failed", "damaged"]),
    backend=st.sampled_from(["exact", "aer", "ibm:ibm_fez", ""]),
    created=st.sampled_from(["", "2026-01-01T00:00:00", "2026-11-28T00:00:00"]),
    brief=st.one_of(
        st.none(),
        st.just(Brief(fault="damaged")),
        st.builds(
            lambda tight, landauer: Brief(below={"tight": (tight, 3), "landauer": (landauer, 3)}),
            st.integers(0, 3),
            st.integers(0, 3),
        ),
    ),
)


@settings(max_examples=30)
@given(st.lists(ROWS, max_size=8), st.sampled_from([*COLUMNS, "?"]), st.booleans())
def test_an_order_loses_no_row_and_a_filter_keeps_what_it_offers(rows, sort, turned):
    view = View.of({"sort": sort, "order": "desc" if turned else "asc"})
    assert sorted(map(repr, view.shown(rows))) == sorted(map(repr, rows))
    for key, values in choices(rows).items():
        for value in values:
            assert View.of({key: value}).shown(rows)
    assert View.of(view.query()) == view


def test_a_run_has_its_verdict_controls_jobs_and_files(served, small_dataset):
    page = served.get("/runs/small").text
    words = Markup(page).striptags()
    for each in (headline(small_dataset), "gain of a thermal bath at T0", "trial-1", "results.nc"):
        assert each in words
    assert "<h2>Verdicts</h2>" in page
    # The spec holds markup.
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_run_without_results_says_how_to_get_them(served):
    assert "recycling report" in served.get("/runs/later/theory").text


def test_results_that_are_damaged_or_of_another_spec_are_said_to_be(served, tmp_path):
    shelf = Shelf(tmp_path)
    for name, content in {"torn": b"\x89HDF torn", "other": None}.items():
        shutil.copytree(served.folder / "small", tmp_path / name)
        if content is None:
            forged(tmp_path / name, spec_hash="0" * 64)
        else:
            (tmp_path / name / "results.nc").write_bytes(content)
    found = {name: shelf.row(each).brief.fault for name, each in shelf.find().items.items()}
    assert found["torn"].startswith("results.nc cannot be read")
    assert found["other"] == "results.nc is of another spec"


def test_what_cannot_be_compared_is_said(served):
    answer = served.get("/compare?run=open&run=later/theory")
    assert answer.status_code == 422
    assert "is given twice" in answer.text
    assert served.get("/compare?run=small").status_code == 422
    assert served.get("/compare?run=small&run=nowhere").status_code == 422
    assert served.get("/compare?run=small&run=broken").status_code == 422


def test_the_interface_for_scripts(served):
    runs = served.get("/api/runs?sort=name").json["runs"]
    assert [run["name"] for run in runs] == ["broken", "later/theory", "open", "small"]
    assert runs[3]["brief"]["below"] == {"tight": [0, 3], "landauer": [0, 3]}
    run = served.get("/api/runs/small").json
    assert len(run["results"]["verdicts"]) == 6
    assert run["status"]["headline"] == "2 of 2 jobs done"
    assert "damaged" in served.get("/api/runs/broken").json["fault"]
    assert served.get("/api/runs/nowhere").status_code == 404
    assert "error" in served.get("/api/runs/nowhere").json


def test_the_version_changes_with_the_folder_alone(served, tmp_path):
    shutil.copytree(served.folder / "open", tmp_path / "open")
    shelf = Shelf(tmp_path)
    shelf.rows()
    shelf.wait()
    first = shelf.version(shelf.find())
    assert shelf.version(shelf.find()) == first
    forged(tmp_path / "open", state="done")
    assert shelf.version(shelf.find()) != first


def test_a_line_is_read_once(served, monkeypatch):
    read = []
    monkeypatch.setattr(shelf_module, "row_of", lambda found, _root: read.append(found))
    assert len(served.shelf.rows()) == 4
    assert read == []


def test_a_run_of_an_older_schema_is_not_upgraded(served, tmp_path):
    shutil.copytree(served.folder / "small", tmp_path / "old")
    for name in ("run.json", "run.json.copy"):
        (tmp_path / "old" / name).write_text('{"schema_version": 1}')
    before = (tmp_path / "old/run.json").read_bytes()
    [row] = Shelf(tmp_path).rows()
    assert row.state == "damaged"
    assert "recycling status" in row.fault
    with pytest.raises(rc.BadInput, match="upgrade it with"):
        opened(tmp_path / "old")
    assert (tmp_path / "old/run.json").read_bytes() == before


def test_archives_are_listed_with_what_they_say_of_themselves(served, small_run):
    text = served.get("/").text
    assert f"run {small_run.run_id} of small on exact" in text
    assert "no archive that can be read" in text


def test_a_section_of_any_part_looks_as_in_a_report(served):
    """A part that the pages of runs do not hold yet needs nothing here."""
    section = Section("Elsewhere", [Links([("arXiv", "there")]), Quotation("text", "BibTeX")])
    environment = served.client.application.jinja_env
    shown = environment.get_template("parts.html.j2").module.shown(section, {})
    assert '<a href="there" rel="noreferrer">arXiv</a>' in shown
    assert '<pre tabindex="0" data-copy="BibTeX">text</pre>' in shown


def test_a_study_without_verdicts_is_not_called_unanalysed(small_run, tmp_path):
    shutil.copytree(small_run.path, tmp_path / "times")
    (tmp_path / "times/results.nc").unlink(missing_ok=True)
    forged(tmp_path / "times", kind="latency")
    app = application(tmp_path)
    app.test_client().get("/", base_url=HOST)
    app.extensions["shelf"].wait()
    rows = app.test_client().get("/", base_url=HOST).text.partition("<tbody>")[2]
    assert '<td data-label="kind">latency</td>' in rows
    assert "not analysed" not in rows
