"""Frames from files: recordings, kubectl's JSON and YAML."""
