"""Jobs: the queue, the writer lease, a run over the indexed folders, the watcher."""
