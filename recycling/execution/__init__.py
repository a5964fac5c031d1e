"""Backends: each executes a plan and returns counts of the same form."""
