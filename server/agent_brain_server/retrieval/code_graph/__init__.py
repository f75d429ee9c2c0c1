"""Which definition a reference means, and what a question asks of the code graph."""
