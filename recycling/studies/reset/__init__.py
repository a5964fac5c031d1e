"""Resets as a calorimeter: what is left of an excitation, and the heat of taking it away."""
