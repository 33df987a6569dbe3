"""Door of the writers: results to files and streams. Knows nothing of engines, caches or prices."""
