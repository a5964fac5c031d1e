"""Pages made from code have all that the code has, and hand-written pages keep up with it."""

import re
from pathlib import Path

import pytest

import recycling as rc
from recycling.spec.experiment import Experiment
from recycling.store.readme import MEANINGS

pytest.importorskip("sphinx", reason="needs the extra [docs]")

from docs._ext import api, commands, equations, messages, results, spec_keys
from docs._ext.fields import taken

DOCS = Path(equations.__file__).parents[1]


def test_every_public_name_is_on_the_page():
    page = api.page("recycling")
    links = {name: f"<recycling.{name}>" for name in rc.__all__}
    links |= {name: f"(api-recycling-{name}.md)" for name in rc._MODULES}
    assert [name for name, link in links.items() if link not in page] == []


def test_every_key_of_an_experiment_is_on_the_page():
    page = spec_keys.page()
    for name, field in Experiment.model_fields.items():
        assert f"| `{name}` |" in page
        for key in getattr(type(field.default), "model_fields", ()):
            assert f"| `{key}` |" in page, f"{name}.{key}"


def test_a_key_has_unit_range_and_default():
    row = next(line for line in spec_keys.page().splitlines() if line.startswith("| `temperature`"))
    assert row == '| `temperature` | K | 1 mK to 10 K; text may have a unit: "43 mK" | `0.043` |'


def test_what_a_field_takes_has_its_limits():
    shots = Experiment.model_fields["measurement"].annotation.model_fields["shots"]
    assert taken(shots.annotation) == '"exact", or whole number, ≥ 1 and ≤ 10000000'


def test_every_exit_code_has_a_meaning():
    assert set(commands.exit_constants()) <= set(commands._CODES)


def test_every_file_of_a_run_is_on_the_page():
    assert all(f"| `{name}` |" in results.files_page() for name in MEANINGS)


def test_messages_are_read_from_the_source():
    found = list(messages.messages())
    assert len(found) > 300
    assert any(each.text.startswith("preset = {name}: give one of") for each in found)


def test_every_equation_that_code_names_is_in_the_theory_and_the_reverse():
    theory = (DOCS / "theory.md").read_text(encoding="utf-8")
    headings = set().union(
        *(equations.numbers(line) for line in theory.splitlines() if line.startswith("### Eq"))
    )
    shown = {int(n) for row in re.findall(r"\{implemented\} (.+)", theory) for n in row.split()}
    assert headings == set(range(1, 23))  # those of the paper
    assert set(equations.implementers()) <= shown <= headings


def test_equations_of_another_document_are_no_equations_of_the_paper():
    assert not any("aqfp" in name for names in equations.implementers().values() for name in names)


def test_each_of_our_features_has_a_link():
    rows = [
        line.split("|")
        for line in (DOCS / "features.md").read_text(encoding="utf-8").splitlines()
        if line.count("|") == 9
    ]
    assert len(rows) > 20
    assert [row[1] for row in rows if "✓" in row[2] and "](" not in row[2]] == []
