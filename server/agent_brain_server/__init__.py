"""The search server: it indexes a project and answers questions about it over HTTP."""
