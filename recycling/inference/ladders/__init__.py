"""Gate times from ladders of an operation."""
