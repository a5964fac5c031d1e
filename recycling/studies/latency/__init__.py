"""Gate-time amplification: ladders of one operation, timed by a coarse clock."""
