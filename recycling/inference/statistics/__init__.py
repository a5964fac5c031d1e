"""Limits, their propagation, and what trials and resamples say of them."""
