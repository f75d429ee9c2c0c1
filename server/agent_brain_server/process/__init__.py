"""The process around the server: its connections, its descriptors, its log, and the places that it serves."""
