"""The questions of setup, and their answers."""
