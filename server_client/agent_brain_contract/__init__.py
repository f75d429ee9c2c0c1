"""What the server, the client, the wizard and the plugin must agree on. The standard library alone."""
