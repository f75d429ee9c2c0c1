"""HTTP: routes, problems, and who may ask."""
