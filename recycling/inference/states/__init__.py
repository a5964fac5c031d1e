"""From counts of records to states of qubits, and to quantities with limits."""
