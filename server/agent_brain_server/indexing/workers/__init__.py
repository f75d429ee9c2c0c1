"""Worker processes, in which files are read."""
