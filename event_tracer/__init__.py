"""Kubernetes Events as OpenTelemetry traces."""
