"""A stored run becomes a Dataset, verdicts on it, and the controls that they need."""
