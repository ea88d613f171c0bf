"""The equipment of any long-running process: logs, metrics, probes, tasks, signals, backoff."""
