"""All that needs IBM's client: snapshots, scheduling, and jobs on the service."""
