"""The section ``[link]``: which link it names, and what is wrong with it."""

from pathlib import Path

import pytest

import recycling as rc
from recycling.devices.idle import link_made
from recycling.devices.profiles import ideal_device, override_device

PLAIN = 'name = "a"\n'
IDLE = 'link.realisation = "idle"\n'


def of(text):
    return rc.Experiment.parse(PLAIN + text)


@pytest.mark.parametrize("text", ["", "[link]", '[link]\nname = "identity"'])
def test_a_spec_without_physical_keys_has_no_link_and_the_hash_of_old(text):
    experiment = of(text)
    assert experiment.physical_link is None
    assert experiment.link.build().kraus == ()
    assert experiment.hash == of("").hash
    assert "link" not in experiment.to_toml()


def test_physical_keys_alone_choose_the_physical_link():
    experiment = of('[link]\ntransmissivity = 0.8\nsegments = [[5, 0.1, "20 mK"]]')
    assert experiment.link.name == "photonic"
    assert experiment.physical_link.total_transmissivity == pytest.approx(0.8 * 10**-0.05)
    assert experiment.hash != of("").hash
    assert rc.Experiment.parse(experiment.to_toml()) == experiment


def test_photons_have_the_frequency_of_the_bath_unless_the_spec_gives_one():
    bath = '[bath]\nfrequency = "6 GHz"\n'
    assert of(bath + '[link]\npreset = "eth-5m"').physical_link.frequency == 6e9
    given = of(bath + '[link]\npreset = "eth-5m"\nfrequency = "8.4 GHz"')
    assert given.physical_link.frequency == 8.4e9
    assert given.link.sources["frequency"] == "given"


def test_other_keys_overrule_a_preset():
    experiment = of('[link]\npreset = "eth-5m"\ncoherence = 0.5')
    link, sources = experiment.physical_link, experiment.link.sources
    assert (link.transmissivity, link.coherence, link.delay) == (0.675, 0.5, 28e-9)
    assert sources["coherence"] == "given"
    assert sources["transmissivity"].startswith("printed")
    assert of('[link]\npreset = "eth-30m"').link.sources["transmissivity"].startswith("assumed")


def test_an_idle_link_is_what_the_wait_makes_of_the_device():
    experiment = of(IDLE + 'link.preset = "eth-5m"')
    wanted = experiment.physical_link
    assert (wanted.transmissivity, wanted.temperature, wanted.delay) == (0.675, 0.043, 0)
    ideal = ideal_device(temperature=0.043, frequency=5e9)
    device = override_device(ideal, t1=397e-6, t2=180.5e-6)
    made = link_made(experiment.link_wait(device), device)
    assert made.total_transmissivity == pytest.approx(0.675, rel=1e-4)
    assert made.coherence == pytest.approx(0.513, abs=1e-3)
    assert made.thermal_population == pytest.approx(0.00375645820)
    with pytest.raises(rc.BadInput, match="does not relax; give 'channel'"):
        experiment.link_wait(ideal)
    longer = override_device(ideal, t1=1.0, t2=1.0)
    with pytest.raises(rc.BadInput, match=r"B would wait 0\.393 s"):
        experiment.link_wait(longer)


def test_the_example_is_a_link_of_five_metres():
    path = Path(rc.__file__).parents[1] / "examples" / "link" / "spec.toml"
    experiment = rc.Experiment.from_toml(path)
    assert experiment.physical_link.transmissivity == 0.675
    idle = path.read_text("utf-8").replace('"channel"', '"idle"')
    assert rc.Experiment.parse(idle).link.is_idle


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("link.transmissivity = 1.2", "link.transmissivity = 1.2: give 1 or less"),
        ("link.transmissivity = true", "link.transmissivity = True: give a number"),
        ("link.coherence = -0.1", "link.coherence = -0.1: give 0 or more"),
        ("link.mode_overlap = nan", "link.mode_overlap = nan: give 1 or less"),
        ("link.insertion_loss = -1", "link.insertion_loss = -1: give 0 or more"),
        ("link.return_loss = -1", "link.return_loss = -1: give 0 or more"),
        ("link.segments = [[-1, 0.1, 0.02]]", "link.segments[0][0] = -1: give 0 or more"),
        ("link.segments = [[1, -0.1, 0.02]]", "link.segments[0][1] = -0.1: give 0 or more"),
        ("link.segments = [[1, 0.1, -0.02]]", "link.segments[0][2] = -0.02: give 0 or more"),
        ("link.segments = [[1, 0.1]]", "link.segments[0][2] is missing: add it"),
        ("link.temperature = -1", "link.temperature = -1: give 0 or more"),
        ("link.temperature = 1000", "link.temperature = 1000: give 0 to 400 K (did you mean "
         "'1000 mK'?)"),
        ("link.delay = -1e-9", "link.delay = -1e-09: give 0 or more"),
        ("link.timing_offset = 1e-9", "link.bandwidth is missing: give that of the photon, since "
         "timing_offset is not 0"),
        ('link.preset = "eth"', "link.preset = 'eth': give 'eth-5m' or 'eth-30m'"),
        ('link.name = "wire"', "link.name = 'wire': give 'identity' or 'photonic'"),
        ('link.realisation = "x"', "link.realisation = 'x': give 'channel' or 'idle'"),
        (IDLE + "link.coherence = 0.9", "link.coherence = 0.9: T2 of B makes the coherence with "
         "realisation = 'idle'; remove it"),
        (IDLE + "link.temperature = 0.1", "link.temperature = 0.1: B relaxes to its temperature "
         "with realisation = 'idle'; remove it"),
        (IDLE + "link.return_loss = 0", "link.realisation = 'idle': nothing passes this link, and "
         "B would wait for ever; give a link that transmits, or 'channel'"),
    ],
)  # fmt: skip
def test_a_wrong_link_is_refused_in_one_line(text, fault):
    with pytest.raises(rc.BadInput) as caught:
        of(text)
    assert caught.value.faults == (fault,)
