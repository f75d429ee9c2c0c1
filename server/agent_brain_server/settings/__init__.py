"""The settings: their model, the files that they come from, and what of them needs consent."""
