"""What counts as resolved."""

#: Standard errors that a finding asks for, here and in every verdict.
RESOLUTION = 3.0
