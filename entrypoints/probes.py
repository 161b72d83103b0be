"""Probes: questions that only the installation itself may ask.

``piquetickets doctor`` signs them with the same secret.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from application.ports.system import Clock

#: The header that carries the signature.
PROBE_HEADER: Final = "X-PiqueTickets-Probe"
#: How old a probe may be. If clocks of two machines differ by more, doctor reports that, too.
PROBE_LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Probes:
    """``secret`` is the installation's."""

    secret: str = field(repr=False)
    clock: Clock

    def sign(self) -> str:
        """A probe, which proves when and with which secret it was made."""
        moment = str(int(self.clock.now().timestamp()))
        return f"{moment}.{self._tag(moment)}"

    def is_genuine(self, probe: str) -> bool:
        """Whether the probe was signed with our secret, a moment ago."""
        moment, _, tag = probe.partition(".")
        if not hmac.compare_digest(self._tag(moment).encode(), tag.encode()):
            return False
        return abs(self.clock.now().timestamp() - int(moment)) <= PROBE_LIFETIME.total_seconds()

    def _tag(self, moment: str) -> str:
        return hmac.new(self.secret.encode(), f"probe:{moment}".encode(), hashlib.sha256).hexdigest()
