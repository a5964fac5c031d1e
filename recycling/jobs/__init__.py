"""What is exchanged between a plan, a backend and a run: jobs, PUBs and outcomes."""
