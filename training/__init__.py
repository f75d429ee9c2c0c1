"""How the built-in embedding table was made; see README.md. Not part of the installed product."""
