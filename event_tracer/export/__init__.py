"""Spans to a back end, and its answer."""
