"""Searches and questions about the code graph, and whether their files have changed."""
