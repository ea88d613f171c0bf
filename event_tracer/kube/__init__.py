"""All that is asked of an API server: requests, discovery, LIST and WATCH, owners, Lease."""
