"""What is there: the project, its files, this machine."""
