"""Whether two clocks agree."""

from __future__ import annotations

from datetime import datetime

from entrypoints.doctor.findings import Finding

#: Stripe's dates are exact to the second, and its session limits leave us five minutes; this is far from both.
TOLERATED_SKEW_SECONDS = 30


def compare_clocks(whose: str, theirs: datetime | None, ours: datetime) -> Finding:
    """A finding about our clock and another one, read at the same moment."""
    what = f"clock against {whose}"
    if theirs is None:
        return Finding(what, "it does not tell the time")
    skew = (ours - theirs).total_seconds()
    if abs(skew) > TOLERATED_SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        return Finding(
            what, f"{abs(skew):.0f} seconds {direction} it", "let both machines set their clocks by NTP, for instance"
        )
    return Finding(what, f"they agree within {TOLERATED_SKEW_SECONDS} seconds")
