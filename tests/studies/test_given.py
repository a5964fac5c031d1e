"""Whatever a notebook gives for a run, a dataset or a path is refused in one line."""

from pathlib import Path

import pytest

import recycling as rc

HOSTILE = (None, 3, b"runs", ["runs/mine"], "~nobody-has-this/x", "no such run", Path("a\0b"))
TAKE_A_PATH = (rc.open_run, rc.resume, rc.export, rc.bundle, rc.unbundle)
TAKE_A_RUN = (
    rc.analyse, rc.report, rc.ledger_of, rc.plain_bootstrap, rc.verdicts, rc.controls, rc.shares,
    rc.plot.fig4b,
)  # fmt: skip


@pytest.mark.parametrize("take", [*TAKE_A_PATH, *TAKE_A_RUN], ids=lambda take: take.__name__)
def test_one_line_refuses_what_is_no_run(take, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in HOSTILE:
        with pytest.raises(rc.BadInput) as refused:
            take(given)
        assert "\n" not in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_nobodys_home_is_no_place_for_a_run():
    with pytest.raises(rc.BadInput, match=r"^out = '~nobody-has-this/x': nobody has this name"):
        rc.run("theory", out="~nobody-has-this/x")


def test_verdicts_and_controls_of_a_run_are_those_of_its_dataset(theory_run):
    dataset = theory_run.dataset
    assert rc.verdicts(theory_run)._repr_html_() == rc.verdicts(dataset)._repr_html_()
    assert rc.controls(theory_run).found == rc.controls(dataset).found


def test_an_arm_or_bound_that_there_is_not(theory_run):
    with pytest.raises(rc.BadInput, match=r"^arm = 'thermal': give 'equilibrium' or 'recycling'"):
        rc.verdicts(theory_run, arm="thermal")
    with pytest.raises(rc.BadInput, match=r"^bound = 'Q_tight': give one of tight, landauer"):
        theory_run.verdicts.of("Q_tight")
    assert not theory_run.verdicts.of("tight").of("landauer")
    with pytest.raises(rc.BadInput, match=r"^dataset: it is of no sweep"):
        rc.shares(theory_run.dataset)
