"""From circuits of the protocol to circuits for one device, and back to their structure in time."""
