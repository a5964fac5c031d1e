"""Quantum trajectories: pure states in place of a density matrix, for circuits of many qubits."""
