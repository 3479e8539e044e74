"""Settings, addresses and process entry points. May import everything; nothing imports it."""
