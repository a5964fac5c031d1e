"""Constants that the SI defines exactly, for what every command loads.

``scipy.constants`` has the same numbers and takes a third of a second to import.

Source: BIPM, The International System of Units, 9th ed. (2019), section 2.2.
"""

from math import pi

#: Planck constant, J s.
planck = 6.62607015e-34
#: Reduced Planck constant, J s.
hbar = planck / (2 * pi)
#: Boltzmann constant, J/K.
boltzmann = 1.380649e-23
