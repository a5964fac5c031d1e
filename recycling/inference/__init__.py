"""From counts to states, and from states to quantities with intervals."""
