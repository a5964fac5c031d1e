"""Notebooks as they are stored; ``make notebooks`` executes them."""

import re

import nbformat
import pytest

from tests.notebooks.difference import changed_sources
from tests.notebooks.execution import FOLDER, faults
from tests.notebooks.normal import normal

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, 4)


def test_outputs_are_stored_in_their_normal_form(notebook):
    assert list(changed_sources(notebook)) == []
    assert list(faults(notebook)) == []
    assert normal(notebook) == notebook


def test_the_first_lines_say_what_is_simulated(notebook):
    first = notebook.cells[0].source
    assert first.startswith("# ")
    assert re.search(r"\*\*(simulated|modelled)\*\*", first)


def test_links_lead_to_files(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]*)\)", text)]
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_notebooks_are_numbered_without_a_gap():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(len(NOTEBOOKS))]
