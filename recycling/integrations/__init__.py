"""The protocol in the frameworks of others, each in a package of its name."""
