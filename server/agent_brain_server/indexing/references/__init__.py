"""The code graph of a file: what it refers to, found by tree-sitter queries."""
