"""Secrets that are given out once and stored as hashes."""

from __future__ import annotations

import base64

from application.ports.system import Ids

_SECRET_BYTES = 32


def new_secret(ids: Ids) -> str:
    """A secret of 256 random bits: 43 URL-safe characters."""
    return base64.urlsafe_b64encode(ids.random_bytes(_SECRET_BYTES)).decode().rstrip("=")
