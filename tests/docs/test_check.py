"""The check of the pages finds what is wrong."""

import pytest

pytest.importorskip("sphinx", reason="needs the extra [docs]")

from docs import check
from docs._ext.lines import fault_of_line
from docs._ext.links import broken_links, broken_site_links


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Writes a page, which is the only one of a repository."""
    monkeypatch.setattr(check, "ROOT", tmp_path)

    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "line",
    [
        "recycling run paper --seed 7 --out runs/paper",
        "$ recycling status runs/fez   # asks nobody",
        "recycling replay [--seed N] [--out DIR]    the paper, end to end",
        "recycling campaign verify campaign",
        "make replay",
        "",
    ],
)
def test_a_good_line(line):
    assert fault_of_line(line) == ""


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("recycling runn paper", "recycling has no command runn"),
        ("recycling run paper --seeds 7", "recycling run has no option --seeds"),
        ("recycling run", "recycling run needs 1 arguments"),
        ("recycling run paper theory", "recycling run takes 1 arguments"),
    ],
)
def test_a_bad_line(line, fault):
    assert fault_of_line(line) == fault


def test_faults_of_a_page_have_their_lines(page):
    text = "# Page\n\n```toml\n[bath]\ntemperature = 43\n```\n\n```\nrecycling runn x\n```\n"
    faults = list(check.faults_of(page(text), execute=False))
    assert [fault.split(": ")[0] for fault in faults] == ["page.md:4", "page.md:9"]


def test_blocks_of_a_page_run_in_order_and_a_fault_has_its_line(page):
    path = page("```python\na = 1\n```\n\ntext\n\n```python\nassert a == 2\n```\n")
    fault = check.run_python(path, list(check.blocks(path.read_text())))
    assert "line 8" in fault
    assert fault.endswith("AssertionError")


def test_links_that_lead_nowhere(page):
    path = page("[a](no.md) [b](#heading) [c](#none) [d](https://example.org)\n\n# Heading\n")
    assert [fault.split(":")[0] for fault in broken_links(path)] == ["no.md", "#none"]


def test_links_of_the_site_that_lead_nowhere(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#x">b</a><p id="y"><a href="#y">y</a>')
    (tmp_path / "b.html").write_text('<p id="z"><a href="c.html">c</a>')
    found = [fault.rsplit(": ", 1)[0] for fault in broken_site_links(tmp_path)]
    assert found == ["a.html: b.html#x", "b.html: c.html"]
