"""Circuits that calibrate a device."""
