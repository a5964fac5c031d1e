"""Algorithms with branches that fail."""
