"""A sandbox that speaks the part of Stripe's API a ticket checkout uses.

For demos and tests: a real HTTP server with state, Stripe's rules and signed webhooks. The official SDK runs against
it; only the API's address differs.
"""

from demo.stripe_sandbox.control.control import SandboxControl
from demo.stripe_sandbox.faults import FaultKind
from demo.stripe_sandbox.options import DEFAULT_WEBHOOK_SECRET, SandboxOptions
from demo.stripe_sandbox.pages.checkout import Outcome, PageAnswer
from demo.stripe_sandbox.protocol.errors import StripeRefusal
from demo.stripe_sandbox.server import StripeSandbox, run

__all__ = [
    "DEFAULT_WEBHOOK_SECRET",
    "FaultKind",
    "Outcome",
    "PageAnswer",
    "SandboxControl",
    "SandboxOptions",
    "StripeRefusal",
    "StripeSandbox",
    "run",
]
