"""The protocol as an experiment of qiskit-experiments."""
