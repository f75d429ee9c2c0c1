"""From a ranking to an answer of limited size."""
