"""The storage of an index: one protocol, several backends, one contract."""
