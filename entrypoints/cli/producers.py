"""piquetickets producer and token: how an installation gets its first users."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from domain.access import Scope
from domain.fees import FeeBearer
from domain.people import parse_person_email
from domain.tax import TaxMode
from entrypoints.cli.engines import data_dir_option
from entrypoints.cli.running import run_use_case
from entrypoints.container import Container
from entrypoints.settings import Settings


@click.group()
def producer() -> None:
    """Organisers of shows."""


@producer.command("create")
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--currency", default="USD", show_default=True, help="ISO 4217 code of everything the producer sells.")
@click.option("--stripe-account", help="Connected account that gets the money, acct_…")
@click.option(
    "--tax",
    type=click.Choice([mode.value for mode in TaxMode]),
    default=TaxMode.EXCLUSIVE.value,
    show_default=True,
    help="Whether tax is added to the prices, within them, or not charged.",
)
@click.option(
    "--fees",
    type=click.Choice([bearer.value for bearer in FeeBearer]),
    default=FeeBearer.BUYER.value,
    show_default=True,
    help="Who bears the fees: the buyer on top of the prices, or the producer out of them.",
)
@click.option(
    "--owner",
    metavar="EMAIL",
    help="Print a link that signs this person in to the office once, as the owner; mail one where SMTP_URL is set.",
)
@data_dir_option
def create_producer(
    name: str,
    email: str,
    currency: str,
    stripe_account: str | None,
    tax: str,
    fees: str,
    owner: str | None,
    data_dir: Path,
) -> None:
    """Register a producer and print its id."""

    async def register(container: Container) -> tuple[UUID, str]:
        if owner is not None:
            parse_person_email(owner)  # before there is a producer without an owner
        created = await container.register_producer()(
            name=name,
            email=email,
            currency_code=currency,
            stripe_account_id=stripe_account,
            tax=TaxMode(tax),
            fees=FeeBearer(fees),
        )
        return created.id, await _link(container, created.id, owner) if owner is not None else ""

    producer_id, url = run_use_case(data_dir, register)
    click.echo(str(producer_id))
    if url:
        _tell(url)


@producer.command("add-owner")
@click.argument("producer_id", type=click.UUID)
@click.argument("email")
@data_dir_option
def add_owner(producer_id: UUID, email: str, data_dir: Path) -> None:
    """Make a person an owner, and print a link that signs them in to the office. It is also the way back in for an
    owner whom no mail reaches.
    """
    _tell(run_use_case(data_dir, lambda container: _link(container, producer_id, email)))


async def _link(container: Container, producer_id: UUID, email: str) -> str:
    settings = container.settings()
    return await container.hand_out_link()(producer_id, email, mailed=settings.smtp_url != Settings().smtp_url)


def _tell(url: str) -> None:
    click.echo(f"Office: {url}\nThe link signs in once, in any browser, within 24 hours.")


@click.group()
def token() -> None:
    """Bearer tokens of the producer API."""


@token.command("create")
@click.option("--producer", "producer_id", type=click.UUID, help="Needed for every scope but platform.")
@click.option("--scopes", required=True, help=f"Comma-separated: {', '.join(Scope)}.")
@click.option("--name", default="command line", show_default=True)
@data_dir_option
def create_token(producer_id: UUID | None, scopes: str, name: str, data_dir: Path) -> None:
    """Print a new token. Its secret is shown this once."""
    try:
        wanted = [Scope(scope.strip()) for scope in scopes.split(",")]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--scopes") from error
    issued = run_use_case(
        data_dir, lambda container: container.issue_token()(producer_id=producer_id, name=name, scopes=wanted)
    )
    click.echo(f"id:     {issued.token.id}\nsecret: {issued.secret}")


@token.command("revoke")
@click.argument("token_id", type=click.UUID)
@data_dir_option
def revoke_token(token_id: UUID, data_dir: Path) -> None:
    """Revoke a token."""
    run_use_case(data_dir, lambda container: container.revoke_token()(token_id))
    click.echo("Revoked.")
