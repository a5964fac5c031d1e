"""Devices that differ by one number each: within what is physical, and by that number alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recycling.devices.displaced import displaced_devices
from recycling.devices.profiles import ideal_device, override_device

IDEAL = ideal_device(temperature=0.043, frequency=5e9)
PER_QUBIT = ("t1", "t2", "temperature", "false_excited", "false_ground")


@settings(max_examples=12)
@given(
    t1=st.floats(1e-6, 1.0),
    ratio=st.floats(1e-3, 2.0),
    readout=st.floats(0.0, 1.0),
    kelvin=st.floats(1e-3, 1.0),
    step=st.floats(1e-9, 0.5),
)
def test_any_device_can_be_displaced(t1, ratio, readout, kelvin, step):
    device = override_device(IDEAL, t1=t1, t2=t1 * ratio).replace(
        "any", temperature=kelvin, false_excited=np.full(6, readout)
    )
    numbers, devices = displaced_devices(device, step)  # a device checks that t2 <= 2 t1
    assert devices.sweep == (len(numbers) + 1,)
    assert {number.kind for number in numbers} >= {"t1", "t2"}
    for name in PER_QUBIT:
        usual = np.broadcast_to(getattr(device, name), (6,))
        np.testing.assert_array_equal(getattr(devices, name)[0], usual)


def test_each_number_moves_alone():
    device = override_device(IDEAL, t1=3e-4, t2=2e-4, cz_error=3e-3, single_qubit_error=1e-4)
    numbers, devices = displaced_devices(device, 0.25)
    base = {name: np.broadcast_to(getattr(device, name), (6,)) for name in PER_QUBIT}
    for row, number in enumerate(numbers, start=1):
        moved = {name for name in PER_QUBIT if (getattr(devices, name)[row] != base[name]).any()}
        gates = devices.gates.errors[row] != device.gates.errors
        expected = {"t1": {"t1", "t2"}, "t2": {"t2"}, "excited_population": {"temperature"}}
        assert moved == expected.get(number.kind, set())
        places = [
            place
            for place, qubits in enumerate(device.gates.qubits)
            if tuple(device.roles[q] for q in sorted(qubits)) == number.roles
            and device.gates.errors[place] > 0
        ]
        changed = np.flatnonzero(gates).tolist()
        assert changed == (places if number.kind.endswith("_error") else [])
        if number.kind == "excited_population":
            place = device.roles.index(number.roles[0])
            assert np.isclose(devices.excited_population[row, place], 1.25 * number.value)
    # 1/T1 grows by a quarter, and 1/T2 by its part of it: 1/(2 T1) of 1/T2.
    assert np.isclose(devices.t1[1, 0], 3e-4 / 1.25)
    assert np.isclose(1 / devices.t2[1, 0], 1 / 2e-4 + 0.25 / 6e-4)
