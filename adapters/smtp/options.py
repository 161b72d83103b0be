"""The mail server and the sender, read from the operator's settings."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from application.hosts import is_loopback

_FORM = "it should look like smtp://user:password@mail.example.org:587"
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_PARAMETERS = ("starttls", "ca_file", "timeout_seconds", "final_timeout_seconds")
# As in RFC 5321 4.5.3.2: five minutes for MAIL and RCPT, ten for the answer to the content, as many servers look for
# viruses and spam before they answer. A server that we give up too early gets the same mail again.
_DEFAULT_TIMEOUT_SECONDS = 300.0
_DEFAULT_FINAL_TIMEOUT_SECONDS = 600.0


class TransportSecurity(enum.Enum):
    """How the connection to the mail server is encrypted."""

    TLS = "tls"
    STARTTLS_WHEN_OFFERED = "when offered"
    STARTTLS_REQUIRED = "required"
    NONE = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """How to reach the mail server.

    ``timeout_seconds`` limits the wait for each answer of the server except the last, to a mail's content, which
    ``final_timeout_seconds`` limits. ``max_connections`` limits the mails on their way at the same time; another one
    waits ``max_wait_seconds``, and then its worker turns to other tasks. ``ca_file`` names PEM certificates to trust
    besides the system's.
    """

    host: str
    port: int
    security: TransportSecurity = TransportSecurity.STARTTLS_WHEN_OFFERED
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout_seconds: float = _DEFAULT_TIMEOUT_SECONDS
    final_timeout_seconds: float = _DEFAULT_FINAL_TIMEOUT_SECONDS
    max_connections: int = 4
    max_wait_seconds: float = 10.0

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read ``smtp://[user:password@]host[:587]`` or, for TLS from the first byte, ``smtps://…[:465]``.

        Parameters: ``starttls=required`` or ``off``, ``ca_file``, ``timeout_seconds``, ``final_timeout_seconds``.
        Without ``starttls``, a password is sent over TLS only, unless the server is on this machine; without a password
        TLS is used if the server offers it. User and password are percent-encoded. Raises ValueError with a message for
        the operator, which never contains the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS:
            raise ValueError(f"the mail server's URL must start with smtp:// or smtps://: {_FORM}")
        if not parts.hostname:
            raise ValueError(f"the mail server's URL names no host: {_FORM}")
        if parts.path not in {"", "/"} or parts.fragment:
            raise ValueError(f"the mail server's URL has a path, which means nothing: {_FORM}")
        parameters = _parameters(parts.query)
        username, password = _credentials(parts)
        is_secret = password is not None and not is_loopback(parts.hostname)
        return cls(
            host=parts.hostname,
            port=_port(parts),
            security=_security(parts.scheme, parameters.get("starttls"), is_secret=is_secret),
            username=username,
            password=password,
            ca_file=parameters.get("ca_file"),
            timeout_seconds=_seconds(parameters, "timeout_seconds", _DEFAULT_TIMEOUT_SECONDS),
            final_timeout_seconds=_seconds(parameters, "final_timeout_seconds", _DEFAULT_FINAL_TIMEOUT_SECONDS),
        )


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of mails. ``name`` may be "" and can be in any script."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``Name <address>`` or only an address. Raises ValueError with a message for the operator."""
        name, address = parseaddr(text)
        try:
            parsed = Address(display_name=name, addr_spec=address)
        except (ValueError, IndexError, MessageError) as error:
            raise ValueError(_bad_sender(text)) from error
        if not (parsed.username and parsed.domain and text.isprintable()):
            raise ValueError(_bad_sender(text))
        return cls(name=name, address=address)


def _bad_sender(text: str) -> str:
    return f"{text!r} is not a sender of mail: it should look like Name <tickets@example.org>"


def _parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _PARAMETERS:
            known = ", ".join(_PARAMETERS)
            raise ValueError(f"the mail server's URL has an unknown parameter {name!r} (known: {known})")
        parameters[name] = value
    return parameters


def _port(parts: SplitResult) -> int:
    try:
        port = 0 if parts.netloc.endswith(":") else parts.port
    except ValueError:
        port = 0
    if port is None:
        return _DEFAULT_PORTS[parts.scheme]
    if port == 0:
        raise ValueError(f"the mail server's URL has a port that is not a number from 1 to 65535: {_FORM}")
    return port


def _credentials(parts: SplitResult) -> tuple[str, str] | tuple[None, None]:
    if not parts.username and parts.password is None:
        return None, None
    if not parts.username or parts.password is None:
        raise ValueError(f"the mail server's URL must have both user and password, or neither: {_FORM}")
    return unquote(parts.username), unquote(parts.password)


def _security(scheme: str, starttls: str | None, *, is_secret: bool) -> TransportSecurity:
    if scheme == "smtps":
        if starttls is not None:
            raise ValueError("the mail server's URL has starttls, which smtps:// (TLS from the first byte) excludes")
        return TransportSecurity.TLS
    if starttls is None and is_secret:
        return TransportSecurity.STARTTLS_REQUIRED
    if starttls is None:
        return TransportSecurity.STARTTLS_WHEN_OFFERED
    if starttls == "required":
        return TransportSecurity.STARTTLS_REQUIRED
    if starttls == "off":
        return TransportSecurity.NONE
    raise ValueError(f"the mail server's URL has starttls={starttls!r}: it can be required or off")


def _seconds(parameters: dict[str, str], name: str, default: float) -> float:
    text = parameters.get(name)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"the mail server's URL has {name}={text!r}: it must be a number above zero")
    return seconds
