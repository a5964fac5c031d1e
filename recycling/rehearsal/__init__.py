"""A rehearsal of IBM Quantum on this machine: the unmodified client talks to it over HTTP."""
