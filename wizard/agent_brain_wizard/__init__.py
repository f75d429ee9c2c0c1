"""Sets a project up: probe, questions, plan, apply."""
