"""A sandbox that speaks the part of Stripe's API a ticket checkout uses.

For demos and tests: a real HTTP server with state, Stripe's rules and signed webhooks, so that the official SDK
runs against it with nothing changed but the API's address. Production code never imports it.
"""

from adapters.stripe.sandbox.checkout_page import Outcome, PageAnswer
from adapters.stripe.sandbox.control import SandboxControl
from adapters.stripe.sandbox.errors import StripeRefusal
from adapters.stripe.sandbox.faults import FaultKind
from adapters.stripe.sandbox.options import DEFAULT_WEBHOOK_SECRET, SandboxOptions
from adapters.stripe.sandbox.server import StripeSandbox, run

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
