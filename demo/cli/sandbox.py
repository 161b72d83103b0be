"""piquetickets sandbox: stand-ins for services that cost money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import click
import uvloop

from demo.stripe_sandbox import DEFAULT_WEBHOOK_SECRET, SandboxOptions, StripeSandbox
from entrypoints.cli.signals import stop_signal


@click.group()
def sandbox() -> None:
    """Stand-ins for demos and tests."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=12111, show_default=True, help="0 takes a free one.")
@click.option("--webhook-url", help="Where signed events go, such as http://127.0.0.1:8000/api/v1/webhooks/stripe.")
@click.option("--webhook-secret", default=DEFAULT_WEBHOOK_SECRET, show_default=True)
@click.option("--rate-per-second", type=float, help="Answer 429 above this many API calls a second.")
@click.option("--tax-rate", default="0", show_default=True, help="What automatic tax charges: 0.08875 is 8.875 %.")
def stripe(
    host: str, port: int, webhook_url: str | None, webhook_secret: str, rate_per_second: float | None, tax_rate: str
) -> None:
    """Stripe's API, payment page and webhooks, without money."""
    try:
        rate = Decimal(tax_rate)
    except InvalidOperation as error:
        raise click.BadParameter("not a number", param_hint="--tax-rate") from error
    options = SandboxOptions(
        host=host,
        port=port,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        rate_per_second=rate_per_second,
        tax_rate=rate,
    )
    uvloop.run(_serve(options))


async def _serve(options: SandboxOptions) -> None:
    stop = stop_signal()
    async with StripeSandbox(options) as stripe_sandbox:
        click.echo(f"Stripe sandbox is ready: {stripe_sandbox.url} (webhooks signed with {options.webhook_secret})")
        await stop.wait()
