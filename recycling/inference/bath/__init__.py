"""The bath qubit: its temperature, its calibration, and its heat."""
