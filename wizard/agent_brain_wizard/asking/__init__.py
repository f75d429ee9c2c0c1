"""How a person is asked."""
