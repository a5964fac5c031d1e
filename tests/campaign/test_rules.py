"""Objectives for other tools: documents that keep the rules of their formats."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign.alerts import WINDOWS_3X, WINDOWS_USUAL, Window
from recycling.campaign.exposition import METRICS, PREFIX
from recycling.campaign.objectives import Objective
from recycling.campaign.rules import DIALECTS, export_objectives
from recycling.errors import BadInput

FIDELITY = Objective("Fid_elity.1", "success_fidelity", 0.9, 0.999, WINDOWS_3X + WINDOWS_USUAL)
T1 = Objective("t1", "t1", 1e-4, 0.9, (Window(long=5400, short=90, burn=2, action="ticket"),))
DNS = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DURATION = re.compile(r"[1-9][0-9]*[mhdwMQY]")
SELECTOR = re.compile(r'(\w+)\{slo="((?:[^"\\]|\\.)*)"(?:,outcome="(good|bad)")?\}')


def documents(objectives, dialect):
    return list(yaml.safe_load_all(export_objectives(objectives, dialect)))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_document_has_a_head_and_an_own_name(dialect):
    found = documents([FIDELITY, T1], dialect)
    assert {each["apiVersion"] for each in found} == {dialect}
    names = [(each["kind"], each["metadata"]["name"]) for each in found]
    assert len(set(names)) == len(names)
    assert all(DNS.fullmatch(name) for _, name in names)
    assert all(set(each) == {"apiVersion", "kind", "metadata", "spec"} for each in found)


def queries(thing):
    if isinstance(thing, dict):
        for value in thing.values():
            yield from queries(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from queries(value)
    elif isinstance(thing, str) and PREFIX in thing:
        yield thing


@pytest.mark.parametrize("dialect", DIALECTS)
def test_queries_are_of_metrics_that_are_served(dialect):
    found = [SELECTOR.search(query) for query in queries(documents([FIDELITY, T1], dialect))]
    assert len(found) == 4
    name = "slo_runs_total"
    assert {match[1] for match in found} == {f"{PREFIX}_{name}"}
    assert METRICS[name][0] == ("slo", "outcome")
    assert {match[2] for match in found} == {"Fid_elity.1", "t1"}


def test_openslo_v1_keeps_its_rules():
    found = documents([FIDELITY, T1], "openslo/v1")
    by_kind = {}
    for each in found:
        by_kind.setdefault(each["kind"], {})[each["metadata"]["name"]] = each["spec"]
    assert list(by_kind) == ["Service", "DataSource", "AlertNotificationTarget", "SLO"]
    for slo, objective in zip(by_kind["SLO"].values(), (FIDELITY, T1), strict=True):
        assert slo["service"] in by_kind["Service"]
        assert slo["timeWindow"] == [{"duration": "30d", "isRolling": True}]
        assert slo["budgetingMethod"] == "Occurrences"
        assert [each["target"] for each in slo["objectives"]] == [objective.objective]
        ratio = slo["indicator"]["spec"]["ratioMetric"]
        assert DNS.fullmatch(slo["indicator"]["metadata"]["name"])
        assert ratio["counter"] is True
        assert set(ratio) == {"counter", "good", "total"}
        assert ratio["good"]["metricSource"]["metricSourceRef"] in by_kind["DataSource"]
        assert len(slo["alertPolicies"]) == len(objective.windows)
        for policy, window in zip(slo["alertPolicies"], objective.windows, strict=True):
            (condition,) = policy["spec"]["conditions"]
            (target,) = policy["spec"]["notificationTargets"]
            assert target["targetRef"] == window.action
            assert window.action in by_kind["AlertNotificationTarget"]
            assert condition["spec"]["severity"] == window.action
            burn = condition["spec"]["condition"]
            assert (burn["kind"], burn["op"], burn["threshold"]) == ("burnrate", "gt", window.burn)
            assert DURATION.fullmatch(burn["lookbackWindow"])
            assert DURATION.fullmatch(burn["alertAfter"])
            assert len(policy["spec"]["description"]) <= 1050
    last = by_kind["SLO"]["t1"]["alertPolicies"][0]["spec"]["conditions"][0]["spec"]["condition"]
    assert (last["lookbackWindow"], last["alertAfter"]) == ("90m", "2m")


def test_sloth_fills_in_its_windows():
    (slo,) = documents([FIDELITY], "openslo/v1alpha")
    assert slo["spec"]["timeWindows"] == [{"count": 30, "unit": "Day"}]
    (objective,) = slo["spec"]["objectives"]
    assert objective["target"] == 0.999
    good = objective["ratioMetrics"]["good"]["query"]
    counter = 'recycling_campaign_slo_runs_total{slo="Fid_elity.1",outcome="good"}'
    assert good == f"sum(increase({counter}[{{{{.window}}}}]))"


def test_pyrra_takes_percent_as_text():
    (slo,) = documents([FIDELITY], "pyrra.dev/v1alpha1")
    assert slo["spec"]["target"] == "99.9"
    assert slo["spec"]["window"] == "30d"


@given(st.text(min_size=1), st.floats(0, 0.99999), st.sampled_from(sorted(DIALECTS)))
def test_any_name_is_quoted_or_refused(name, objective, dialect):
    slo = Objective(name, "t1", 1e-4, objective)
    if not slo.dns_name:
        with pytest.raises(BadInput, match=r"^name = "):
            export_objectives([slo], dialect)
        return
    assert DNS.fullmatch(slo.dns_name)
    for query in queries(documents([slo], dialect)):
        quoted = SELECTOR.search(query)[2]
        assert re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], quoted) == name


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (lambda: export_objectives([T1], "openslo/v2"), "dialect = openslo/v2: give openslo/v1, "),
        (lambda: export_objectives([T1], days=0), "days = 0"),
        (lambda: export_objectives([T1, Objective("T1", "t1", 0, 0.9)]), "name = t1: two"),
        (lambda: Objective("a", "t1", 0, 1.0), "objective = 1"),
        (lambda: Objective("a", "t1", 0, 0.9, (Window(1, 2, 1, "page"),)), "short = 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(call, fault):
    with pytest.raises(BadInput, match=f"^{fault}"):
        call()


def test_without_objectives_there_are_no_rules():
    assert documents([], "openslo/v1alpha") == []
    assert [each["kind"] for each in documents([], "openslo/v1")] == ["Service", "DataSource"]
