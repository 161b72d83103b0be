"""How many examples the property tests try: enough to find errors, within seconds."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fast", deadline=None, max_examples=50, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")
