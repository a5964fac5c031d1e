"""A device as data: calibration, layout, compilation, schedule."""
