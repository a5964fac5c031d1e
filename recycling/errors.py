"""The one error that means: the user's input is at fault."""

from __future__ import annotations


class BadInput(ValueError):  # reads as what it is: bad input
    """One line that names the field, the value and the mend; the command line exits with 2."""
