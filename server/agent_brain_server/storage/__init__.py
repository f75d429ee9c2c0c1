"""Where the index lives: one protocol, several backends, one contract."""
