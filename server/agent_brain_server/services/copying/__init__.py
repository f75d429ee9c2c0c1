"""Copies of an index from one backend to another, and their verification."""
