"""What others cite, join and build by: metadata, templates, hosted workflows, the paper."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import recycling as rc

ROOT = Path(rc.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
#: Hosts of package registries, and of what pages load from elsewhere: none is in any file.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org"),
        ("npmjs", "com"), ("crates", "io"), ("unpkg", "com"), ("jsdelivr", "net"),
        ("cdnjs", "cloudflare", "com"), ("docker", "io"), ("ghcr", "io"), ("quay", "io"),
        ("proxy", "golang", "org"), ("rubygems", "org"), ("fonts", "googleapis", "com"),
    )
]  # fmt: skip


def read(name):
    return (ROOT / name).read_text("utf-8")


def workflow(path):
    content = yaml.safe_load(path.read_text("utf-8"))
    content["on"] = content.pop(True)  # YAML 1.1 reads the key "on" as a truth value
    return content


def steps(path):
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


# -- metadata ----------------------------------------------------------------------------------


def test_every_file_has_the_version_and_the_authors_of_the_package():
    cff = yaml.safe_load(read("CITATION.cff"))
    zenodo, codemeta = json.loads(read(".zenodo.json")), json.loads(read("codemeta.json"))
    versions = {each["version"] for each in (cff, zenodo, codemeta, PROJECT)}
    assert versions == {rc.__version__}
    authors = [each["name"] for each in PROJECT["authors"]]
    for listed in (cff["authors"], zenodo["creators"], codemeta["author"]):
        assert [each["name"] for each in listed] == authors
    assert cff["license"] == zenodo["license"] == PROJECT["license"]
    assert codemeta["license"].endswith(PROJECT["license"])


def test_citation_is_valid():
    """The keys that CFF 1.2.0 requires, and none that it does not have."""
    cff = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert set(cff) <= {
        "cff-version", "message", "title", "authors", "type", "version", "date-released", "license",
        "abstract", "keywords", "references", "repository-code", "doi", "url", "identifiers",
        "preferred-citation", "contact", "commit", "license-url", "repository",
        "repository-artifact",
    }  # fmt: skip
    assert (cff["cff-version"], cff["type"]) == ("1.2.0", "software")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", cff["date-released"])
    assert f"## [{cff['version']}] - {cff['date-released']}" in read("CHANGELOG.md")
    (paper,) = cff["references"]
    assert {"type", "title", "authors"} <= set(paper)
    assert [author["family-names"] for author in paper["authors"]] == ["Ishida", "Hasegawa"]
    assert paper["identifiers"] == [{"type": "other", "value": "arXiv:2601.07522"}]


def test_zenodo_gets_keys_that_it_documents():
    zenodo = json.loads(read(".zenodo.json"))
    assert {"title", "upload_type", "description", "creators", "license"} <= set(zenodo)
    assert set(zenodo) <= {
        "title", "upload_type", "description", "creators", "contributors", "version", "license",
        "access_right", "language", "keywords", "related_identifiers", "notes", "communities",
        "grants", "references", "doi", "publication_date",
    }  # fmt: skip
    assert (zenodo["upload_type"], zenodo["access_right"]) == ("software", "open")
    assert all({"identifier", "relation"} <= set(each) for each in zenodo["related_identifiers"])


def test_classifiers_and_workflows_name_the_same_pythons():
    named = {each.rpartition(" ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each}
    tried = set(re.findall(r'"(3\.\d+)"', read(".github/workflows/check.yml")))
    assert named == tried == {"3.11", "3.12", "3.13", "3.14"}
    assert PROJECT["requires-python"] == ">=3.11"
    # The licence is an SPDX expression, beside which no classifier may name one.
    assert not [each for each in PROJECT["classifiers"] if each.startswith("License")]


# -- hosted workflows and templates ------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_pinned_and_have_least_permissions(path):
    text, content = path.read_text("utf-8"), workflow(path)
    assert content["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in content["on"]
    for line in re.findall(r"uses:.*", text):
        assert re.fullmatch(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    allowed = {
        "attest": {"contents": "read", "id-token": "write", "attestations": "write"},
        "publish": {"id-token": "write"},
        "notes": {"contents": "write"},
    }
    for name, job in content["jobs"].items():
        assert job.get("permissions") == allowed.get(name)
        assert job["timeout-minutes"] <= 120
        assert "latest" not in job["runs-on"]
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        # Text of others never becomes part of a script.
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    assert "secrets." not in text


def test_workflows_call_targets_that_exist():
    called = {
        word
        for path in WORKFLOWS
        for step in steps(path)
        for words in re.findall(r"make ([^\n]*)", step.get("run", ""))
        for word in words.split()
        if re.fullmatch(r"[a-z-]+", word)
    }
    called |= {
        name
        for path in WORKFLOWS
        for job in workflow(path)["jobs"].values()
        for name in job.get("strategy", {}).get("matrix", {}).get("target", [])
    }
    assert {"check", "test", "dist", "sbom"} <= called
    missing = {name for name in called if not re.search(rf"^{name}:", MAKEFILE, re.M)}
    # The light core brings these two.
    assert missing <= {"test-oldest", "test-newest"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_are_valid(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels"}
    ids = [each["id"] for each in form["body"]]
    assert len(ids) == len(set(ids))
    for each in form["body"]:
        assert each["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert each["attributes"]["label"]


def test_no_file_holds_the_host_of_a_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: files of others may be here")
    found = [
        (name, host)
        for name in filter(None, listed.stdout.decode().split("\0"))
        if (ROOT / name).is_file()
        for host in HOSTS
        if host.encode() in (ROOT / name).read_bytes()
    ]
    assert found == []


# -- the paper ---------------------------------------------------------------------------------


def test_the_paper_has_the_sections_and_the_length_of_its_journal():
    _, header, body = read("paper/paper.md").split("---\n", 2)
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= set(
        yaml.safe_load(header)
    )
    sections = re.findall(r"^# (.*)$", body, re.M)
    for name in ("Summary", "Statement of need", "State of the field", "Software design"):
        assert name in sections
    assert 750 <= len(body.split()) <= 1750


def test_the_paper_cites_what_its_bibliography_has():
    body = read("paper/paper.md")
    cited = set(re.findall(r"@([a-z]+\d*)\b", body))
    assert cited == set(re.findall(r"^@\w+\{(\w+),", read("paper/paper.bib"), re.M))


def test_what_the_paper_names_is_here():
    body = read("paper/paper.md")
    for target in re.findall(r"`make ([a-z-]+)", body):
        assert re.search(rf"^{target}:", MAKEFILE, re.M), target
    for path in re.findall(r"\]\(([^)]+)\)", body):
        assert (ROOT / "paper" / path).is_file(), path


@pytest.mark.parametrize(
    ("figures", "page"),
    [
        (["4 of 11 angles", "-5.7", "3 of 11", "-5.8", "26", "12 agree, 6 differ"], "README.md"),
        (["1,620 points", "960 points"], "docs/inference.md"),
        (["101 | 246 | 0 | 202 | 202"], "docs/durability.md"),
        (["3.6 ms", "144 µs", "303 µs"], "docs/performance.md"),
    ],
)
def test_figures_of_the_paper_are_those_of_the_documentation(figures, page):
    text = " ".join(read(page).replace(">", " ").split())
    for figure in figures:
        assert figure in text
