"""Gate times from ladders of one operation."""
