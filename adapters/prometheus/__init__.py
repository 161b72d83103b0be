"""Metrics for Prometheus: what is counted, and the decorators of ports that count it."""
