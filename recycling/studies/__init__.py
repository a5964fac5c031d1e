"""Studies: what is asked of a machine, from a spec to its results."""
