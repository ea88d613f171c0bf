"""What any long-running process has: logs, metrics, probes, tasks and signals, backoff."""
