"""How hard the property tests look: enough to find what there is, within seconds."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fast", deadline=None, max_examples=50, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")
