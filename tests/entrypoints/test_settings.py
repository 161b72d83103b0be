"""Settings from the environment: what is accepted, what is refused, and with which message."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.policy import CheckoutPolicy
from entrypoints.fitness import ensure_fit, questionable
from entrypoints.setting_values import InvalidSettings
from entrypoints.settings import Settings


def refusal(**variables: str) -> str:
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment(variables)
    return str(refused.value)


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.policy == CheckoutPolicy()
    assert (settings.lock_ttl, settings.lock_wait) == (120, 10)
    assert settings.smtp_rate_per_second == 10


def test_everything_may_be_set() -> None:
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgresql://db/x",
            "REDIS_URL": "rediss://cache:6380/1",
            "PUBLIC_URL": "https://tickets.example.org",
            "HOLD_MINUTES": "7.5",
            "MAX_TICKETS_PER_ORDER": "4",
            "MAX_ORDER_AMOUNT": "100",
            "MAX_DONATION_PER_TICKET": "50.50",
            "PLATFORM_FEE": "0",
            "PROCESSING_FEE_RATE": "0.015",
            "PROCESSING_FEE_FIXED": "0.25",
            "LOCK_TTL": "60",
            "SMTP_URL": "smtps://user:pw@mail.example.org",
            "SMTP_RATE_PER_SECOND": "0.5",
            "LOG_FORMAT": "json",
        }
    )
    assert settings.policy == CheckoutPolicy(
        platform_fee=Decimal(0),
        processing_fee_rate=Decimal("0.015"),
        processing_fee_fixed=Decimal("0.25"),
        max_tickets_per_order=4,
        max_order_amount=Decimal(100),
        max_donation_per_ticket=Decimal("50.50"),
        hold=timedelta(minutes=7.5),
    )


def test_an_empty_or_blank_edged_variable_is_as_good_as_none() -> None:
    assert Settings.from_environment({"DATABASE_URL": "", "HOLD_MINUTES": " 5 "}).hold_minutes == 5


@pytest.mark.parametrize(
    ("name", "fits", "does_not"),
    [
        ("HOLD_MINUTES", "0.01", "0"),
        ("HOLD_MINUTES", "1380", "1381"),
        ("MAX_TICKETS_PER_ORDER", "1", "0"),
        ("MAX_TICKETS_PER_ORDER", "1000", "1001"),
        ("MAX_ORDER_AMOUNT", "0", "-1"),
        ("MAX_ORDER_AMOUNT", "1000000000", "1000000001"),
        ("MAX_ORDER_AMOUNT", "5000 USD, 750000 JPY", "5,000 USD"),
        ("MAX_ORDER_AMOUNT", "13000 VND", "12999 VND"),
        ("MAX_DONATION_PER_TICKET", "1000 USD, 5000 CZK", "1000 DOLLARS"),
        ("PLATFORM_FEE", "1.50, 200 JPY", "1.50, 2.00"),
        ("PROCESSING_FEE_FIXED", "0.25 EUR", "0.25 XXX"),
        ("PLATFORM_FEE", "0.00", "NaN"),
        ("PROCESSING_FEE_RATE", "0.99", "1"),
        ("PROCESSING_FEE_RATE", "0", "-0.01"),
        ("LOCK_TTL", "0.1", "0"),
        ("DATABASE_POOL_SIZE", "1", "0"),
        ("SECRET_KEY", "x" * 32, "x" * 31),
        ("SECRET_KEY", f"{'x' * 32},{'y' * 32}", f"{'x' * 32},{'y' * 31}"),
        ("SECRET_KEY", f"{'x' * 32}\n{'y' * 32}", ", ,"),
        ("STRIPE_API_KEY", "sk_test_1", "pk_test_1"),
        ("STRIPE_API_KEY", "rk_live_1", "pk_live_1"),
        ("STRIPE_API_KEY", "sk_org_live_1", "whsec_1"),
        ("STRIPE_API_KEY", "sk_test_1", "sk_test_ 1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1", ", ,"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1, whsec_2", "whsec_1, we_2"),
        ("TRUSTED_PROXIES", "10.0.0.0/8", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.0.0.1, fd00::/8", "10.0.0.1, ::/0"),
        ("TRUSTED_PROXIES", "2001:db8::/32", "2000::/3"),
        ("TRUSTED_PROXIES", "127.0.0.1", "0.0.0.0/1, 128.0.0.0/1"),
        ("METRICS_LISTEN", "127.0.0.1:9100", "9100"),
        ("METRICS_LISTEN", "[::1]:65535", "127.0.0.1:65536"),
        ("METRICS_LISTEN", "0.0.0.0:1", "0.0.0.0:0"),
        ("METRICS_LISTEN", "0.0.0.0:9100", "metrics.example:9100"),
        ("PUBLIC_URL", "https://t.example:8443", "https://t.example/tickets"),
        ("PUBLIC_URL", "https://t.example", "https://t.example?x=1"),
        ("PUBLIC_URL", "https://t.example", "https://t.example#x"),
        ("PUBLIC_URL", "https://t.example", "https://u:p@t.example"),
        ("PUBLIC_URL", "https://t.example", "https://t.example:"),
        ("PUBLIC_URL", "https://t.example", "https://"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111", "http://127.0.0.1:"),
        ("SMTP_URL", "smtp://mail", "smtp://mail:"),
        ("LOG_LEVEL", "DEBUG", "LOUD"),
        ("LOG_FORMAT", "json", "xml"),
        ("DATABASE_URL", "postgres://db/x", "sqlite:///x"),
        ("DATABASE_URL", "postgresql://db:5432/x", "postgresql://db:port/x"),
        ("DATABASE_URL", "postgresql://db/x", "postgresql://db:/x"),
        ("DATABASE_URL", "postgresql://db:65535/x", "postgresql://db:65536/x"),
        ("DATABASE_URL", "postgresql://db:1/x", "postgresql://db:0/x"),
        ("DATABASE_URL", "postgresql://a:5432,b:5433/x", "postgresql://a:5432,b:/x"),
        ("DATABASE_URL", "postgresql://a,b/x?port=1,2", "postgresql://a,b,c/x?port=1,2"),
        ("DATABASE_URL", "postgresql://u:p@/x?host=a:1&host=b:2", "postgresql://u:p@/x?host=a:1&host=b:0"),
        ("DATABASE_URL", "postgresql://[::1]:5432/x", "postgresql://[::1:5432/x"),
        ("DATABASE_URL", "postgresql:///x?host=/run/postgresql", "postgresql:///x?hosts=a"),
        ("DATABASE_URL", "postgresql://db/x?sslmode=require&sslrootcert=/ca.pem", "postgresql://db/x?tls=require"),
        ("DATABASE_URL", "postgresql://db/x?connect_timeout=60", "postgresql://db/x?connect_timeout=0"),
        ("DATABASE_URL", "postgresql://db/x?tcp_user_timeout=1", "postgresql://db/x?tcp_user_timeout=60001"),
        ("DATABASE_URL", "postgresql://db/x?keepalives=1", "postgresql://db/x?keepalives=0"),
        (
            "DATABASE_URL",
            "postgresql://db/x?target_session_attrs=primary",
            "postgresql://db/x?target_session_attrs=standby",
        ),
        ("DATABASE_URL", "postgresql://db/x?client_encoding=UTF8", "postgresql://db/x?client_encoding=latin1"),
        ("DATABASE_URL", "postgresql://db/x?application_name=y", "postgresql://db/x?replication=database"),
        ("DATABASE_PREPARED_STATEMENTS", "off", "no"),
        ("REDIS_URL", "redis://r", "http://r"),
        ("REDIS_URL", "redis://r:6379/0", "redis://r:/0"),
        ("REDIS_URL", "redis://r:65535", "redis://r:65536"),
        ("REDIS_URL", "redis://r/15", "redis://r/cache"),
        ("REDIS_URL", "redis://:p%23w@r/0", "redis://:p#w@r/0"),
        ("REDIS_URL", "redis://[::1]:6379/0", "redis://a:6379,b:6379/0"),
        ("REDIS_URL", "redis://r?protocol=2", "redis://r?protocol=3"),
        ("REDIS_URL", "redis://r?decode_responses=false", "redis://r?decode_responses=true"),
        ("REDIS_URL", "rediss://r?ssl_cert_reqs=none", "rediss://r?ssl_cert_reqs=perhaps"),
        ("REDIS_URL", "redis://r?client_name=us", "redis://r?socket_timeout=3600"),
        ("REDIS_URL", "redis://r?db=1", "redis://r?unheard_of=1"),
        ("PUBLIC_URL", "https://t.example", "https://t.example/"),
        ("PUBLIC_URL", "http://t.example", "t.example"),
        ("SMTP_URL", "smtp://mail:25", "mail:25"),
        ("SMTP_RATE_PER_SECOND", "0.01", "0"),
        ("SMTP_RATE_PER_SECOND", "10000", "10001"),
        ("OPERATOR_EMAIL", "ops@b.example", "ops"),
        ("MAIL_FROM", "Box Office <a@b.example>", "nobody"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111", "127.0.0.1:12111"),
    ],
)
def test_limits_hold_on_both_sides(name: str, fits: str, does_not: str) -> None:
    Settings.from_environment({name: fits})
    message = refusal(**{name: does_not})
    assert message.startswith(f"{name}: ")
    assert "\n" not in message


def test_a_limit_below_stripes_smallest_charge_is_refused_with_both_amounts() -> None:
    assert refusal(MAX_ORDER_AMOUNT="5000 USD, 100 JPY, 5000 VND") == (
        "MAX_ORDER_AMOUNT: 5000 VND is less than Stripe's smallest charge of 13000 VND, so nothing could be sold in VND"
    )


@pytest.mark.parametrize(
    "name", ["QUOTE_RATE_LIMIT", "LOOKUP_RATE_LIMIT", "ERROR_RATE_LIMIT", "FREE_MAIL_RATE_LIMIT", "SIGN_IN_RATE_LIMIT"]
)
def test_limits_of_requests_have_defaults_which_a_rehearsal_switches_off_together(name: str) -> None:
    attribute = {
        "QUOTE_RATE_LIMIT": "quotes_rate",
        "LOOKUP_RATE_LIMIT": "lookups_rate",
        "ERROR_RATE_LIMIT": "errors_rate",
        "FREE_MAIL_RATE_LIMIT": "free_mails_rate",
        "SIGN_IN_RATE_LIMIT": "sign_ins_rate",
    }[name]
    assert getattr(Settings.from_environment({}), attribute).endswith(("/minute", "/hour"))
    assert getattr(Settings.from_environment({"CHECKOUT_RATE_LIMIT": "off"}), attribute) == "off"
    assert getattr(Settings.from_environment({"CHECKOUT_RATE_LIMIT": "off", name: "7/hour"}), attribute) == "7/hour"
    assert getattr(Settings.from_environment({name: "off"}), attribute) == "off"
    assert refusal(**{name: "often"}).startswith(f"{name}: ")


def test_a_refusal_does_not_repeat_a_secret() -> None:
    assert "hunter2" not in refusal(DATABASE_URL="mysql://root:hunter2@db/x")
    assert "hunter2" not in refusal(SMTP_URL="smtp://user:hunter2@mail:port")
    assert "hunter2" not in refusal(SECRET_KEY="hunter2")
    assert "hunter2" not in refusal(STRIPE_API_KEY="pk_live_hunter2")
    assert "hunter2" not in refusal(STRIPE_WEBHOOK_SECRET="hunter2")
    assert "hunter2" not in refusal(REDIS_URL="redis://:hunter2@a:x/0")


LIVE = {"SECRET_KEY": "x" * 32, "STRIPE_WEBHOOK_SECRET": "whsec_1", "PUBLIC_URL": "https://t.example"}


def unfit(**variables: str) -> str:
    """What must be fixed before these settings can be used; "" for nothing."""
    try:
        ensure_fit(Settings.from_environment(variables))
    except InvalidSettings as error:
        return str(error).partition(":")[0]
    return ""


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "sk_org_live_1", "sk_unheard_of", "rk_1"])
def test_every_key_that_is_not_known_for_tests_is_live_and_wants_secrets_of_ones_own(key: str) -> None:
    assert unfit(STRIPE_API_KEY=key) == "SECRET_KEY"
    assert unfit(**{**LIVE, "STRIPE_API_KEY": key, "STRIPE_WEBHOOK_SECRET": ""}) == "STRIPE_WEBHOOK_SECRET"
    assert unfit(**LIVE, STRIPE_API_KEY=key) == ""
    assert Settings.from_environment({**LIVE, "STRIPE_API_KEY": key}).is_production


@pytest.mark.parametrize("key", ["", "sk_test_1", "rk_test_1", "sk_org_test_1"])
def test_rehearsals_on_this_machine_need_no_secret_of_ones_own(key: str) -> None:
    assert unfit(STRIPE_API_KEY=key, STRIPE_WEBHOOK_SECRET="whsec_1") == ""
    assert not Settings.from_environment({"STRIPE_API_KEY": key}).is_production


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]", "http://a.localhost"]
)
def test_the_default_secret_is_for_this_machine(url: str) -> None:
    assert unfit(PUBLIC_URL=url) == ""


@pytest.mark.parametrize(
    "url",
    ["https://t.example", "http://t.example", "http://192.168.1.5:8000", "http://0.0.0.0:8000", "http://[fe80::1]"],
)
def test_the_default_secret_is_refused_where_others_come(url: str) -> None:
    assert unfit(PUBLIC_URL=url) == "SECRET_KEY"
    assert unfit(PUBLIC_URL=url, SECRET_KEY="x" * 32) == ""


@pytest.mark.parametrize("key", ["sk_test_1", "sk_live_1"])
def test_a_key_wants_the_secret_of_its_webhooks(key: str) -> None:
    assert unfit(STRIPE_API_KEY=key, SECRET_KEY="x" * 32) == "STRIPE_WEBHOOK_SECRET"


def test_a_live_key_does_not_go_over_the_wire_in_clear() -> None:
    live = {**LIVE, "STRIPE_API_KEY": "sk_live_1"}
    assert unfit(**{**live, "PUBLIC_URL": "http://t.example"}) == "PUBLIC_URL"
    assert unfit(**live, STRIPE_API_BASE="http://stripe.example") == "STRIPE_API_BASE"
    assert unfit(**live, STRIPE_API_BASE="https://stripe.example") == ""
    on_this_machine = {"PUBLIC_URL": "http://127.0.0.1:8000", "STRIPE_API_BASE": "http://127.0.0.1:12111"}
    assert unfit(**{**live, **on_this_machine}) == ""
    assert len(list(questionable(Settings.from_environment({**live, **on_this_machine})))) == 2
    assert not list(questionable(Settings.from_environment(live)))


def test_the_first_of_several_secrets_signs() -> None:
    settings = Settings.from_environment({"SECRET_KEY": f"{'n' * 32},\n {'o' * 32}\n"})
    assert settings.signing_key == "n" * 32
    assert settings.earlier_keys[0] == "o" * 32
    assert Settings().signing_key == Settings().secret_key
    assert Settings().earlier_keys == ()


def test_a_secret_that_had_a_comma_in_it_goes_on_verifying() -> None:
    old = f"{'a' * 32},{'b' * 32}"
    assert old in Settings.from_environment({"SECRET_KEY": old}).earlier_keys
