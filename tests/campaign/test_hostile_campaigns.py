"""Campaigns that nobody means well with: one line for each fault or a campaign, no traceback."""

import tomli_w
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recycling.campaign.spec import (
    Budget,
    CampaignSpec,
    Rehearsal,
    Runs,
    Slo,
    Thermal,
    Window,
    read_campaign,
)
from recycling.errors import BadInput
from recycling.spec.messages import MOST_FAULTS
from recycling.spec.sections import DeviceSpec
from tests.spec.test_hostile_specs import one_line, values

GOOD = {"interval": 60, "budget": {"qpu_seconds": 1}, "runs": [{"spec": "theory", "count": 3}]}
FIELDS = sorted({
    field
    for model in (Budget, Thermal, Runs, Rehearsal, Window, Slo, DeviceSpec)
    for field in model.model_fields
} | {"metrics", "\x1b[31m", "π"})  # fmt: skip
TEXTS = ["page", "success_fidelity", "theory", "exact", "1 h", "3 d", "5 uW", "-1 s", "4e99 W", "x"]

leaves = st.sampled_from(TEXTS) | st.sampled_from([0, 1, -1, 0.5, 1e-9, 1e300]) | values
tables = st.dictionaries(
    st.sampled_from(FIELDS),
    leaves | st.lists(st.dictionaries(st.sampled_from(FIELDS), leaves, max_size=4), max_size=3),
    max_size=6,
)
contents = st.dictionaries(
    st.sampled_from([*CampaignSpec.model_fields, "budgets", ""]),
    leaves | tables | st.lists(tables, max_size=3),
    max_size=4,
)


@given(contents)
@settings(max_examples=max(100, settings.default.max_examples))
@example({"runs": [{"spec": "theory", "count": 10**5}] * 2})
@example({"runs": [{"spec": "theory", "count": 10**5}], "interval": 3e7})
@example({"rehearse": [{"from_run": 3, "device": {"layout": {"B": 0}, "t1": "1 us"}}]})
@example({"slo": [{"name": "a", "metric": "t1", "at_least": 1, "objective": 0.5}] * 2})
def test_a_hostile_campaign_is_one_or_lines(content):
    try:
        text = tomli_w.dumps(GOOD | content)
    except (ValueError, UnicodeEncodeError):  # what TOML cannot say
        assume(False)
    try:
        spec = read_campaign(text, "campaign.toml")
    except BadInput as error:
        faults = error.faults
    else:
        check(spec)
        return
    assert 1 <= len(faults) <= MOST_FAULTS + 1
    assert all(map(one_line, faults)), faults


def check(spec):
    """Check that each run of a campaign has its place."""
    for run in {1, spec.count // 2 + 1, spec.count}:
        assert spec.entry_of(run) in spec.runs
        assert spec.rehearsed(run).from_run == run
    assert {1} <= set(spec.starts) <= set(range(1, spec.count + 1))
