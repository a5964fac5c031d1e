"""The constants of the devices are those of SciPy, bit by bit."""

from scipy import constants

from recycling.devices.constants import boltzmann, hbar, planck


def test_constants_are_those_of_scipy():
    assert (planck, hbar, boltzmann) == (constants.h, constants.hbar, constants.k)
