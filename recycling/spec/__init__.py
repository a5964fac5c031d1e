"""The spec: everything that defines an experiment, read from TOML and validated."""
