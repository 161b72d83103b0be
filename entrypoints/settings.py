"""Settings from the environment (docs/operations.md#settings). A wrong one is named in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from adapters.altcha.challenges import parse_shows
from adapters.postgres.address import DatabaseAddress
from adapters.redis.address import check_redis_url
from adapters.redis.rate_limit import UNLIMITED, parse_rate
from adapters.smtp.options import Sender, SmtpOptions
from application.ports.retention import Disposable
from domain.claims import Allowance, ClaimPolicy
from domain.customer import parse_email
from domain.errors import InvalidEmail
from domain.people import SESSION_MOST
from domain.policy import AmountTerms, CheckoutPolicy, parse_amounts
from entrypoints.setting_values import (
    DEFAULT_SECRET_KEY,
    InvalidSettings,
    check_proxies,
    check_public_url,
    check_stripe_key,
    is_live,
    parse_listen,
    secret_keys,
    webhook_secrets,
)

#: Stripe keeps a session open for at most 24 hours, and ours outlasts the hold by 35 minutes.
MAX_HOLD_MINUTES = 23 * 60
#: No ordinary buyer comes near it, and no school behind one address.
QUOTE_RATE_LIMIT = "600/minute"
LOOKUP_RATE_LIMIT = "30/minute"
ERROR_RATE_LIMIT = "120/minute"
#: Mails of free orders to one address: more than a household needs, too few to flood a mailbox.
FREE_MAIL_RATE_LIMIT = "10/hour"

#: Links to sign in for one address: more than a forgetful person asks for, too few to flood a mailbox.
SIGN_IN_RATE_LIMIT = "10/hour"

#: Settings that are amounts, with the default, in dollars, for currencies that they do not name.
_AMOUNTS = {
    name: getattr(CheckoutPolicy(), name)
    for name in ("platform_fee", "processing_fee_fixed", "max_order_amount", "max_donation_per_ticket")
}

#: 0 is no limit, None the default.
_Limit = Annotated[int, Meta(ge=0, le=1_000_000)] | None
_Positive = Annotated[float, Meta(gt=0)]
#: At least a week: Stripe repeats its events for days, and a buyer's browser its checkout for minutes.
_Days = Annotated[int, Meta(ge=7, le=36_500)]


#: Ways into the office that are over: no one needs them any longer. An invitation can be sent again for a while.
_KEPT_SHORTLY = {
    Disposable.OFFICE_SESSIONS: SESSION_MOST,
    Disposable.SIGN_IN_LINKS: timedelta(days=1),
    Disposable.PASSKEY_CHALLENGES: timedelta(days=1),
    Disposable.INVITATIONS: timedelta(days=60),
    Disposable.PAIRINGS: timedelta(days=1),
    Disposable.PRINT_JOBS: timedelta(days=30),
    # A device that was found again months later may still have scans to report.
    Disposable.DEVICES: timedelta(days=365),
}

_IN_PLAIN_WORDS = {
    "Expected `float`, got `str`": "must be a number",
    "Expected `int`, got `str`": "must be a whole number",
    "Invalid decimal string": "must be an amount such as 1.50",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=str.upper):
    """One attribute for each variable, in lower case. URLs of engines are None if we start our own."""

    database_url: str | None = None
    database_prepared_statements: Literal["auto", "on", "off"] = "auto"
    redis_url: str | None = None
    public_url: str = "http://localhost:8000"
    secret_key: str = DEFAULT_SECRET_KEY
    stripe_api_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_base: str = "https://api.stripe.com"
    stripe_rate_per_second: Annotated[float, Meta(gt=0, le=10_000)] = 20
    smtp_url: str = "smtp://127.0.0.1:25"
    smtp_rate_per_second: Annotated[float, Meta(gt=0, le=10_000)] = 10
    mail_from: str = "PiqueTickets <tickets@localhost>"
    operator_email: str = ""
    hold_minutes: Annotated[float, Meta(gt=0, le=MAX_HOLD_MINUTES)] = 30
    max_tickets_per_order: Annotated[int, Meta(ge=1, le=1000)] = 10
    max_order_amount: str = "5000"
    max_donation_per_ticket: str = "1000"
    platform_fee: str = "1.50"
    processing_fee_rate: Decimal = Decimal("0.029")
    processing_fee_fixed: str = "0.30"
    lock_ttl: _Positive = 120
    lock_wait: _Positive = 10
    database_pool_size: Annotated[int, Meta(ge=1, le=1000)] = 10
    checkout_rate_limit: str = "30/minute"
    quote_rate_limit: str = ""
    lookup_rate_limit: str = ""
    error_rate_limit: str = ""
    free_mail_rate_limit: str = ""
    sign_in_rate_limit: str = ""
    max_held_tickets_per_email: _Limit = None
    max_held_orders_per_email: _Limit = None
    max_held_tickets_per_network: _Limit = None
    max_held_orders_per_network: _Limit = None
    max_free_tickets_per_email: _Limit = None
    max_free_tickets_per_network: _Limit = None
    proof_of_work: str = "off"
    proof_of_work_cost: Annotated[int, Meta(ge=1, le=10_000_000)] = 50_000
    trusted_proxies: str = ""
    cors_origins: str = ""
    metrics_listen: str = ""
    worker_metrics_listen: str = ""
    tracing: Literal["off", "otlp"] = "off"
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    keep_tasks_days: _Days = 90
    keep_events_days: _Days = 90
    keep_unpaid_orders_days: _Days = 90
    keep_scans_days: _Days = 365
    keep_audit_log_days: _Days = 3650
    keep_jobs_days: _Days = 90
    keep_personal_data_days: _Days = 3650

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings of an environment. An empty variable counts as not set. Raises InvalidSettings."""
        given = {name: environment[name].strip() for name in cls.__struct_encode_fields__ if environment.get(name)}
        try:
            settings = msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            expected, _, place = str(error).partition(" - at `$.")
            name = place.rstrip("`")
            raise InvalidSettings(f"{name}: {_IN_PLAIN_WORDS.get(expected, expected)}") from None
        settings.check()
        return settings

    @property
    def is_production(self) -> bool:
        """Whether real money moves: the Stripe key is not known to be a test key."""
        return is_live(self.stripe_api_key)

    @property
    def signing_key(self) -> str:
        """The key that signs tickets, links and lists."""
        return secret_keys(self.secret_key)[0]

    @property
    def earlier_keys(self) -> tuple[str, ...]:
        """Keys that may have signed tickets, links and lists before."""
        return secret_keys(self.secret_key)[1:]

    @property
    def _claims(self) -> ClaimPolicy:
        default = ClaimPolicy()
        return ClaimPolicy(
            per_email=Allowance(
                held_tickets=self._limit(self.max_held_tickets_per_email, default.per_email.held_tickets),
                held_orders=self._limit(self.max_held_orders_per_email, default.per_email.held_orders),
                free_tickets=self._limit(self.max_free_tickets_per_email, default.per_email.free_tickets),
            ),
            per_network=Allowance(
                held_tickets=self._limit(self.max_held_tickets_per_network, default.per_network.held_tickets),
                held_orders=self._limit(self.max_held_orders_per_network, default.per_network.held_orders),
                free_tickets=self._limit(self.max_free_tickets_per_network, default.per_network.free_tickets),
            ),
        )

    def _limit(self, given: int | None, default: int | None) -> int | None:
        if given is not None:
            return given or None
        return None if self.checkout_rate_limit == UNLIMITED else default

    @property
    def quotes_rate(self) -> str:
        """QUOTE_RATE_LIMIT, or its default."""
        return self._rate(self.quote_rate_limit, QUOTE_RATE_LIMIT)

    @property
    def lookups_rate(self) -> str:
        """LOOKUP_RATE_LIMIT, or its default."""
        return self._rate(self.lookup_rate_limit, LOOKUP_RATE_LIMIT)

    @property
    def errors_rate(self) -> str:
        """ERROR_RATE_LIMIT, or its default."""
        return self._rate(self.error_rate_limit, ERROR_RATE_LIMIT)

    @property
    def free_mails_rate(self) -> str:
        """FREE_MAIL_RATE_LIMIT, or its default."""
        return self._rate(self.free_mail_rate_limit, FREE_MAIL_RATE_LIMIT)

    @property
    def sign_ins_rate(self) -> str:
        """SIGN_IN_RATE_LIMIT, or its default."""
        return self._rate(self.sign_in_rate_limit, SIGN_IN_RATE_LIMIT)

    def _rate(self, given: str, default: str) -> str:
        # A rehearsal sends all requests from one address, and sets only this limit.
        return given or (UNLIMITED if self.checkout_rate_limit == UNLIMITED else default)

    @property
    def buyers_per_second(self) -> float:
        """How often Stripe is asked because a browser came back from paying. It comes on top of STRIPE_RATE_PER_SECOND;
        by default both together are what Stripe accepts (25 a second for an endpoint).
        """
        return self.stripe_rate_per_second / 4

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port of the separate server for metrics; None if the API's own serves them."""
        return parse_listen(self.metrics_listen) if self.metrics_listen else None

    @property
    def worker_metrics_address(self) -> tuple[str, int] | None:
        """Host and port at which a worker serves its metrics, if any."""
        return parse_listen(self.worker_metrics_listen) if self.worker_metrics_listen else None

    @property
    def prepared_statements(self) -> bool | None:
        """Whether the database may prepare statements; None if its first answer decides."""
        return {"on": True, "off": False}.get(self.database_prepared_statements)

    @property
    def periods(self) -> dict[Disposable, timedelta]:
        """How long each kind of data is kept, unless it is kept for ever."""
        given = {what: getattr(self, f"keep_{what}_days") for what in Disposable if what not in _KEPT_SHORTLY}
        return {**{what: timedelta(days=days) for what, days in given.items()}, **_KEPT_SHORTLY}

    @property
    def policy(self) -> CheckoutPolicy:
        """The terms of checkouts. Raises InvalidSettings for an invalid amount."""
        return CheckoutPolicy(
            processing_fee_rate=self.processing_fee_rate,
            max_tickets_per_order=self.max_tickets_per_order,
            hold=timedelta(minutes=self.hold_minutes),
            claims=self._claims,
            **{name: self._amounts(name, default) for name, default in _AMOUNTS.items()},
        )

    def _amounts(self, name: str, default: Decimal) -> AmountTerms:
        try:
            return parse_amounts(getattr(self, name), default=default)
        except ValueError as error:
            raise InvalidSettings(f"{name.upper()}: {error}") from None

    def check(self) -> None:
        """Raises InvalidSettings for errors that types alone do not show."""
        _check_url("PUBLIC_URL", self.public_url, ("http", "https"))
        _check_url("STRIPE_API_BASE", self.stripe_api_base, ("http", "https"))
        checks: list[tuple[str, Callable[[str], object], str | None]] = [
            ("DATABASE_URL", DatabaseAddress.parse, self.database_url),
            ("REDIS_URL", check_redis_url, self.redis_url),
            ("PUBLIC_URL", check_public_url, self.public_url),
            ("SECRET_KEY", secret_keys, self.secret_key),
            ("STRIPE_API_KEY", check_stripe_key, self.stripe_api_key),
            ("STRIPE_WEBHOOK_SECRET", webhook_secrets, self.stripe_webhook_secret),
            ("SMTP_URL", SmtpOptions.from_url, self.smtp_url),
            ("MAIL_FROM", Sender.parse, self.mail_from),
            ("OPERATOR_EMAIL", _address, self.operator_email),
            ("CHECKOUT_RATE_LIMIT", parse_rate, self.checkout_rate_limit),
            ("PROOF_OF_WORK", parse_shows, self.proof_of_work),
            ("QUOTE_RATE_LIMIT", parse_rate, self.quotes_rate),
            ("LOOKUP_RATE_LIMIT", parse_rate, self.lookups_rate),
            ("ERROR_RATE_LIMIT", parse_rate, self.errors_rate),
            ("FREE_MAIL_RATE_LIMIT", parse_rate, self.free_mails_rate),
            ("SIGN_IN_RATE_LIMIT", parse_rate, self.sign_ins_rate),
            ("TRUSTED_PROXIES", check_proxies, self.trusted_proxies),
            ("METRICS_LISTEN", parse_listen, self.metrics_listen or None),
            ("WORKER_METRICS_LISTEN", parse_listen, self.worker_metrics_listen or None),
        ]
        for name, parse, value in checks:
            try:
                if value is not None:
                    parse(value)
            except ValueError as error:
                raise InvalidSettings(f"{name}: {error}") from None
        if not self.processing_fee_rate.is_finite() or not 0 <= self.processing_fee_rate < 1:
            raise InvalidSettings("PROCESSING_FEE_RATE: must be a share from 0 to below 1")
        if unsellable := self.policy.unsellable():
            money, most = unsellable
            least = money.format(money.minimum_charge)
            raise InvalidSettings(
                f"MAX_ORDER_AMOUNT: {money.format(most)} {money.code} is less than Stripe's smallest charge of "
                f"{least} {money.code}, so nothing could be sold in {money.code}"
            )


def _address(email: str) -> None:
    """Raises ValueError unless it is empty or an e-mail address."""
    if not email:
        return
    try:
        parse_email(email)
    except InvalidEmail as error:
        raise ValueError("must be an e-mail address") from error


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        port_is_valid = (parts.port is None or parts.port > 0) and not parts.netloc.endswith(":")
    except ValueError:
        port_is_valid = False
        parts = urlsplit("")
    if parts.scheme not in schemes or not port_is_valid or not parts.hostname:
        listed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise InvalidSettings(f"{name}: must be a URL that begins with {listed} and a host")
