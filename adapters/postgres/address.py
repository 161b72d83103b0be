"""DATABASE_URL, as libpq itself reads it: every command gives it the same meaning.

The source of the parameters is https://www.postgresql.org/docs/18/libpq-connect.html, read in November 2026.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import parse_qsl

import psycopg
from psycopg.conninfo import conninfo_to_dict

_FORM: Final = "it should look like postgresql://user:password@host:5432/database"
_SCHEMES: Final = ("postgresql", "postgres")
_MAX_PORT: Final = 65535

#: Passed to libpq as they are.
HONOURED: Final = frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "options"),
        *("application_name", "fallback_application_name", "load_balance_hosts"),
        *("require_auth", "channel_binding", "scram_client_key", "scram_server_key", "requirepeer"),
        *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslcertmode", "sslpassword"),
        *("sslrootcert", "sslcrl", "sslcrldir", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("min_protocol_version", "max_protocol_version", "gssencmode", "krbsrvname", "gsslib", "gssdelegation"),
    }
)
#: Whole numbers from 1 to these. 0 would mean to wait without end, while a buyer waits with us.
BOUNDED: Final = MappingProxyType(
    {
        "connect_timeout": 60,  # seconds
        "keepalives_idle": 60,  # seconds
        "keepalives_interval": 60,  # seconds
        "keepalives_count": 10,
        "tcp_user_timeout": 60_000,  # milliseconds
    }
)
#: Parameters of which only some values work for us.
CHOICES: Final = MappingProxyType(
    {
        "keepalives": ("1",),  # otherwise we would not notice a host that vanishes
        "client_encoding": ("utf8", "utf-8", "unicode"),  # names are in every script
        "target_session_attrs": ("any", "read-write", "primary"),  # we write
    }
)
#: Parameters that are refused, with the reason.
REFUSED: Final = MappingProxyType(
    {
        "replication": "a replication connection answers no queries",
        "sslkeylogfile": "the keys of every connection would be written to a file",
        "oauth_issuer": "a person would have to log in",
        "oauth_client_id": "a person would have to log in",
        "oauth_client_secret": "a person would have to log in",
        "oauth_scope": "a person would have to log in",
    }
)


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """The address of a database.

    ``parameters`` are libpq's; ``options`` is among them: the operator's settings for every session.
    """

    parameters: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL of libpq (several hosts: ``postgresql://a:5432,b:5433/db``), or of SQLAlchemy
        (``postgresql:///db?host=a:5432&host=b:5433``).

        Raises ValueError with a message of one line for the operator, which contains no password.
        """
        _check_form(url)
        try:
            given = conninfo_to_dict(_without_listed_hosts(url).replace(" ", "%20"))
        except psycopg.Error as error:
            raise ValueError(_unreadable(str(error))) from None
        parameters = {name: str(value) for name, value in given.items() if value is not None}
        if listed := _listed_hosts(url):
            parameters["host"] = ",".join(host for host, _ in listed)
            parameters["port"] = ",".join(port for _, port in listed)
        _check_ports(parameters.get("port", ""), hosts=parameters.get("host", "").count(",") + 1)
        _check_parameters(parameters)
        if parameters.get("host", "").count(","):
            # Otherwise libpq would accept a host that is alive but a standby.
            parameters.setdefault("target_session_attrs", "read-write")
        return cls(parameters)

    @property
    def options(self) -> str:
        """The operator's settings for sessions: ``-c name=value …``."""
        return self.parameters.get("options") or os.environ.get("PGOPTIONS", "")

    def connecting(self, defaults: Mapping[str, str | int], session: Mapping[str, str | int]) -> dict[str, str | int]:
        """The arguments of a connection. ``defaults`` apply where the URL says nothing. Sessions get the settings of
        ``session``, then those of the URL, so the operator has the last word.
        """
        ours = [f"-c {name}={value}" for name, value in session.items()]
        options = " ".join([*ours, self.options]).strip()
        return {**defaults, **self.parameters, **({"options": options} if options else {})}


def _check_form(url: str) -> None:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise ValueError("must be a URL that begins with postgresql:// or postgres://")
    hosts = re.split(r"[/?]", rest, maxsplit=1)[0].rpartition("@")[2]
    if any(host.endswith(":") for host in hosts.split(",")):
        raise ValueError(f"a host is followed by a colon, but not by a port: {_FORM}")


def _unreadable(words: str) -> str:
    # libpq's other messages may repeat a password; only this one names a parameter.
    if found := re.match(r'invalid URI query parameter: "([a-z0-9_]{1,40})"', words):
        return f"PostgreSQL knows no connection parameter {found[1]}"
    return f"is not a URL that PostgreSQL understands (special characters must be percent-encoded): {_FORM}"


def _listed_hosts(url: str) -> list[tuple[str, str]]:
    """The hosts of a URL in SQLAlchemy's form for several hosts."""
    query = url.partition("?")[2]
    values = [value for name, value in parse_qsl(query) if name == "host"]
    if len(values) < 2 and not any(re.fullmatch(r"[^/@,:]+:\d+", value) for value in values):
        return []
    hosts = [value.rpartition(":") if re.search(r":\d+$", value) else (value, "", "") for value in values]
    return [(host.strip("[]"), port) for host, _, port in hosts]


def _without_listed_hosts(url: str) -> str:
    if not _listed_hosts(url):
        return url
    address, _, query = url.partition("?")
    return f"{address}?{'&'.join(part for part in query.split('&') if not part.startswith('host='))}"


def _check_ports(ports: str, *, hosts: int) -> None:
    if ports.count(",") not in {0, hosts - 1}:
        raise ValueError("must have one port for all hosts, or one for each")
    for port in ports.split(",") if ports else ():
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
            raise ValueError(f"a port is not a number from 1 to {_MAX_PORT}: {_FORM}")


def _check_parameters(parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        if name in REFUSED:
            raise ValueError(f"has the parameter {name}, which is not supported: {REFUSED[name]}")
        if name in BOUNDED and not (value.isascii() and value.isdigit() and 0 < int(value) <= BOUNDED[name]):
            raise ValueError(f"{name} must be a whole number from 1 to {BOUNDED[name]}")
        if name in CHOICES and value.lower() not in CHOICES[name]:
            raise ValueError(f"{name} must be {' or '.join(CHOICES[name])}")
        if name not in HONOURED | BOUNDED.keys() | CHOICES.keys():
            raise ValueError(f"has the parameter {name}, which is not supported")
