"""Garbage collection, memory, and limits of time and memory of this process."""
