"""Which files change while the server runs: events of the operating system, or polling."""
