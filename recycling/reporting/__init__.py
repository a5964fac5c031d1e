"""Figures and the HTML report of a run."""

from recycling.reporting.page import report

__all__ = ["report"]
