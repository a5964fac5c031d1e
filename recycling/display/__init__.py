"""How things look in a notebook: small tables as HTML, everything in them escaped."""
