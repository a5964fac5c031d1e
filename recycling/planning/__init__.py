"""From a spec to what will be executed, what it costs, and what it is expected to show."""
