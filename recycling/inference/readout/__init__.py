"""Readout errors: how they are measured, and undone."""
