"""What every test of the API leaves behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.stripe.sandbox import StripeSandbox


@pytest.fixture(autouse=True)
def stripe_works_again(sandbox: StripeSandbox) -> Iterator[None]:
    """Tests share one Stripe: whatever one of them broke is mended for the next."""
    yield
    sandbox.control.faults.clear()
    sandbox.control.webhooks.paused = False
