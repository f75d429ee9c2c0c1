"""Docker and the Compose file."""
