"""Metrics of a campaign over real HTTP, read back by the parsers of Prometheus' client."""

import http.client
import socket
import subprocess
import sys
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from recycling.campaign.exposition import METRICS, registry_of
from recycling.campaign.server import serve, serving
from recycling.campaign.telemetry import SOURCES, Sample, latest, write
from recycling.errors import BadInput

STATUS = {
    "runs": {"done": 9, "failed": 1, "rejected": 2, "deferred": 3},
    "qpu_seconds": 12.5,
    "slo": [
        {"name": 'fid"el\\ity\n', "bad": 1, "total": 10, "burn_rate": 10.0, "first_alert": None}
    ],
    "source": "simulated",
}
SAMPLES = [Sample(60.0, 1, "t1", 2e-4, "simulated"), Sample(7.0, None, "mxc", 0.02, "measured")]
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def samples_of(text, parse):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def fetch(address, accept="*/*"):
    with urlopen(Request(address, headers={"Accept": accept})) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


@pytest.fixture
def address():
    with serving(0, lambda: (STATUS, SAMPLES)) as address:
        yield address


EXPECTED = {
    ("recycling_campaign_runs_total", "simulated", "done"): 9,
    ("recycling_campaign_runs_total", "simulated", "failed"): 1,
    ("recycling_campaign_runs_total", "simulated", "rejected"): 2,
    ("recycling_campaign_runs_total", "simulated", "deferred"): 3,
    ("recycling_campaign_qpu_seconds_total", "modelled"): 12.5,
    ("recycling_campaign_slo_runs_total", "good", 'fid"el\\ity\n', "simulated"): 9,
    ("recycling_campaign_slo_runs_total", "bad", 'fid"el\\ity\n', "simulated"): 1,
    ("recycling_campaign_slo_burn_rate", 'fid"el\\ity\n', "simulated"): 10,
    ("recycling_campaign_telemetry", "t1", "simulated"): 2e-4,
    ("recycling_campaign_telemetry", "mxc", "measured"): 0.02,
    ("recycling_campaign_telemetry_time_seconds", "t1", "simulated"): 60,
    ("recycling_campaign_telemetry_time_seconds", "mxc", "measured"): 7,
}


@pytest.mark.parametrize(("accept", "parse"), [(OPEN_METRICS, open_metrics), ("*/*", plain_text)])
def test_every_sample_comes_back_in_either_format(address, accept, parse):
    kind, text = fetch(address, accept)
    assert kind.startswith(
        "application/openmetrics-text" if parse is open_metrics else "text/plain"
    )
    assert text.endswith("# EOF\n") == (parse is open_metrics)
    found = samples_of(text, parse)
    assert {(name, *(value for _, value in labels)): value for (name, *labels), value in
            found.items()} == EXPECTED  # fmt: skip
    assert all(dict(labels)["source"] in SOURCES for _, *labels in found)


def test_measured_runs_are_charged_in_measured_time():
    families = registry_of(STATUS | {"source": "measured"}).collect()
    (sample,) = next(each for each in families if each.name.endswith("qpu_seconds")).samples
    assert sample.labels == {"source": "measured"}


def test_what_a_status_says_more_is_shown():
    status = STATUS | {
        "runs": STATUS["runs"] | {"planned": 20},
        "budget": 600.0,
        "telemetry": {"completeness": 0.9},
        "slo": [STATUS["slo"][0] | {"name": "t1", "open": ["page"]}],
    }
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in registry_of(status).collect()
        for sample in family.samples
    }
    more = {
        ("recycling_campaign_runs_planned", "declared"): 20,
        ("recycling_campaign_qpu_seconds_budget", "declared"): 600,
        ("recycling_campaign_telemetry_completeness", "simulated"): 0.9,
        ("recycling_campaign_slo_alert_open", "t1", "page", "simulated"): 1,
        ("recycling_campaign_slo_alert_open", "t1", "ticket", "simulated"): 0,
    }
    assert more.items() <= found.items()
    assert ("recycling_campaign_runs_total", "planned", "simulated") not in found


def test_what_there_is_keeps_the_rules_of_names():
    assert all(
        set(labels) <= {"state", "slo", "outcome", "metric", "action"}
        for labels, _ in METRICS.values()
    )
    assert all(
        name == name.lower() and meaning.endswith(".") for name, (_, meaning) in METRICS.items()
    )


def test_it_listens_on_the_loopback_address_alone(address):
    assert urlsplit(address).hostname == "127.0.0.1"
    assert urlsplit(address).path == "/metrics"
    assert fetch(address.removesuffix("metrics"))[1] == fetch(address)[1]


def ask(address, method, path="/metrics"):
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_other_requests_are_refused(address):
    assert ask(address, "POST")[0] == 405
    assert ask(address, "GET", "/campaign.db")[0] == 404


def test_a_request_that_hangs_holds_up_no_other_one(address):
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)):
        assert fetch(address)[1]


def test_a_campaign_that_cannot_be_read_is_said():
    def read():
        raise BadInput("campaign.db cannot be used: it is malformed")

    with serving(0, read) as address:
        with pytest.raises(HTTPError, match="503") as refused:
            urlopen(address)
        with refused.value as answer:
            assert answer.read() == b"campaign.db cannot be used: it is malformed\n"


def test_ports_are_checked():
    for port in (-1, 65_536):
        with (
            pytest.raises(BadInput, match=f"^port = {port}: "),
            serving(port, lambda: (STATUS, [])),
        ):
            pass
    with serving(0, lambda: (STATUS, [])) as address:
        taken = urlsplit(address).port
        with pytest.raises(BadInput, match=f"^port = {taken}: .*in use"):
            serve(taken, lambda: (STATUS, []))


def test_it_says_its_address_and_stops_when_interrupted():
    code = "from recycling.campaign.server import serve\nserve(0, lambda: ({}, []))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(2)
        assert process.wait(10) != 0
        assert "KeyboardInterrupt" in process.stderr.read()


def test_the_latest_of_each_metric_and_source_is_shown(tmp_path):
    samples = [
        Sample(float(t), run, "t1", t * run, source)
        for t in (1, 3, 2) for run in (1, 2) for source in ("simulated", "calibration") if t != run
    ]  # fmt: skip
    write(tmp_path, samples)
    found = {(each.metric, each.source): (each.time, each.value) for each in latest(tmp_path)}
    assert found.keys() == {("t1", "calibration"), ("t1", "simulated")}
    assert all(time == 3 and value in (3, 6) for time, value in found.values())
