"""The server's process: its connections, its descriptors, its log, and the places that it serves."""
