"""The device behind the user's counts: read from a run, or said to be unknown."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from recycling.devices.device import Device
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput, reason_of
from recycling.results.attributes import experiment_attributes
from recycling.spec.experiment import Experiment
from recycling.store.identity import complete_device
from recycling.store.schema import first_fault

#: Where the numbers of a device come from that nobody gave.
_NOT_GIVEN = "not given: no error is assumed"


def read_device(path: Path) -> Device:
    """Read the device.json of a run: numbers of a device that counts were taken on.

    Raises:
        BadInput: the file is no device.

    Example:
        >>> read_device(Path("no such file"))
        Traceback (most recent call last):
        recycling.errors.BadInput: device = 'no such file': no such file or directory; give the ...
    """
    instead = "give the device.json of a run"
    try:
        return complete_device(Device.model_validate_json(path.read_bytes()))
    except OSError as error:
        raise BadInput(f"device = {str(path)!r}: {reason_of(error)}; {instead}") from None
    except ValidationError as error:
        raise BadInput(f"device = {str(path)!r}: {first_fault(error)}; {instead}") from None
    except ValueError as error:
        raise BadInput(f"device = {str(path)!r}: {error}; {instead}") from None


def checked_device(experiment: Experiment, device: Device | None) -> Device:
    """Check that the analysis that a spec asks for needs nothing that is not given.

    Returns:
        The device that was given, or one without errors that says so.

    Raises:
        BadInput: the spec needs more, or the device is not one of the experiment.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> checked_device(preset("theory"), None).sources["t1"]
        'not given: no error is assumed'
    """
    inference = experiment.inference
    if inference.temperature == "calibration":
        raise BadInput(
            "inference.temperature = 'calibration': counts come without a bracket; give 'given' or "
            "'measured'"
        )
    if device is None and inference.readout != "raw":
        raise BadInput(
            f"inference.readout = {inference.readout!r}: no device is given whose readout errors "
            "could be corrected; give one, or 'raw'"
        )
    if device is not None and device.roles != experiment.design.roles:
        roles = ", ".join(experiment.design.roles)
        raise BadInput(f"device.roles = {', '.join(device.roles)}: give a device of {roles}")
    chosen = _not_given(experiment) if device is None else device
    # A link that B waits for needs the times of a device.
    experiment_attributes(experiment, chosen)
    return chosen


def _not_given(experiment: Experiment) -> Device:
    """Device without errors in place of one that nobody gave."""
    bath, known = experiment.bath, ("temperature", "frequency")
    ideal = ideal_device(
        temperature=bath.temperature, frequency=bath.frequency, roles=experiment.design.roles
    )
    sources = {name: text if name in known else _NOT_GIVEN for name, text in ideal.sources.items()}
    return ideal.model_copy(update={"name": "not given", "sources": sources})
