"""The database in the project's container: started, stopped, backed up and restored."""
