"""The exact branch-resolved engine: compile a circuit to a program of arrays, execute it."""
