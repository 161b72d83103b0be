"""Whether well-formed settings are fit for use together: publicly known secrets, keys that travel unencrypted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

from adapters.stripe.proxy import proxy_for
from application.hosts import is_loopback
from entrypoints.setting_values import DEFAULT_SECRET_KEY, InvalidSettings, webhook_secrets
from entrypoints.settings import Settings

log = logging.getLogger(__name__)


def ensure_fit(settings: Settings) -> None:
    """Raises InvalidSettings if the installation would rely on publicly known secrets, or send the key to money
    unencrypted.
    """
    for name, words in unfit(settings):
        raise InvalidSettings(f"{name}: {words}")


def unfit(settings: Settings) -> Iterator[tuple[str, str]]:
    """The names of settings that are unfit for use, and what they must be."""
    is_on_this_machine = is_loopback(urlsplit(settings.public_url).hostname)
    if settings.secret_key == DEFAULT_SECRET_KEY and not is_on_this_machine:
        yield "SECRET_KEY", "must be set to your own secret, unless PUBLIC_URL is of this machine alone"
    if settings.secret_key == DEFAULT_SECRET_KEY and settings.is_production:
        yield "SECRET_KEY", "must be set to your own secret with a live STRIPE_API_KEY"
    if settings.stripe_api_key and not webhook_secrets(settings.stripe_webhook_secret):
        yield "STRIPE_WEBHOOK_SECRET", "must be set with a STRIPE_API_KEY"
    try:
        proxy_for(settings.stripe_api_base)
    except ValueError as error:
        yield "HTTPS_PROXY", str(error)
    if not settings.is_production:
        return
    if not settings.public_url.startswith("https:") and not is_on_this_machine:
        yield "PUBLIC_URL", "must begin with https:// with a live STRIPE_API_KEY"
    base = urlsplit(settings.stripe_api_base)
    if base.scheme != "https" and not is_loopback(base.hostname):
        yield "STRIPE_API_BASE", "must begin with https:// with a live STRIPE_API_KEY"


def questionable(settings: Settings) -> Iterator[str]:
    """Settings that may be intended, but are mentioned at start."""
    if not settings.is_production:
        return
    if not settings.public_url.startswith("https:"):
        yield f"STRIPE_API_KEY is live, and PUBLIC_URL is {settings.public_url}: buyers cannot reach it"
    if urlsplit(settings.stripe_api_base).scheme != "https":
        yield f"STRIPE_API_KEY is live, and goes to {settings.stripe_api_base} in clear"


def warn_of_questionable(settings: Settings) -> None:
    """Log questionable settings, when a process starts."""
    for words in questionable(settings):
        log.warning("%s", words)
