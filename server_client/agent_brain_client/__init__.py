"""Talks to a project's server: wire types, discovery, lifecycle and the command line."""
