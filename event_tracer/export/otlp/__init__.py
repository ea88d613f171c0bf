"""OTLP: where it goes, its bytes, and how it is sent."""
