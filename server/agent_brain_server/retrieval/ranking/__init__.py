"""From the hits of the retrievers to one ranking."""
