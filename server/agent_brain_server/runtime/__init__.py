"""What Python and the kernel give this process: garbage collection, memory, limits of time and memory."""
