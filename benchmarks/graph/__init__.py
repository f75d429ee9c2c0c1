"""How right the code graph is: call sites whose targets were found by reading, against the edges that it gives."""
