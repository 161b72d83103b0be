"""Traces by OpenTelemetry, for those who install the extra ``tracing`` (docs/adr/0012-trace-of-an-order.md).

Nothing imports this folder unless TRACING says so.
"""
