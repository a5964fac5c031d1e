"""Tasks: what the bath is used for."""
