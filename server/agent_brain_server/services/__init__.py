"""What the server can do, free of HTTP and of any particular backend."""
