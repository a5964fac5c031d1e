"""Sweeps of an experiment over numbers of the device and of the spec, by the exact engine."""
