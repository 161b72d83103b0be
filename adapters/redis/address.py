"""REDIS_URL: which of the many parameters that redis-py reads from an address are accepted.

redis-py passes every parameter of the URL to its connections, ours and the queue's:
https://redis.readthedocs.io/en/stable/connections.html, read in November 2026 (redis-py 8.1). Some would change the
answers that our code reads, and some would make a buyer wait for ever.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

_FORM: Final = "it should look like redis://:password@host:6379/0"
_SCHEMES: Final = ("redis", "rediss")
_NUMBER: Final = r"[0-9]{1,9}"
_POSITIVE: Final = r"[1-9][0-9]{0,8}"
_FLAG: Final = r"(?i:true|false|yes|no|1|0)"
_ANYTHING: Final = r"[^\r\n]+"

#: Parameters that are accepted, each with its allowed values.
HONOURED: Final = MappingProxyType(
    {
        "db": _NUMBER,
        "username": _ANYTHING,
        "password": _ANYTHING,
        "client_name": r"[!-~]+",
        "health_check_interval": _NUMBER,
        "max_connections": _POSITIVE,
        "ssl_cert_reqs": r"none|optional|required",
        "ssl_check_hostname": _FLAG,
        "ssl_ca_certs": _ANYTHING,
        "ssl_ca_path": _ANYTHING,
        "ssl_certfile": _ANYTHING,
        "ssl_keyfile": _ANYTHING,
        "ssl_password": _ANYTHING,
        "ssl_ciphers": _ANYTHING,
        # Accepted because they change nothing.
        "protocol": r"2",
        "decode_responses": r"(?i:false|no|0)",
        "socket_keepalive": r"(?i:true|yes|1)",
    }
)
#: Parameters that are refused, with the reason. Parameters in neither table are refused, too.
REFUSED: Final = MappingProxyType(
    {
        "socket_timeout": "we bound every wait ourselves",
        "socket_connect_timeout": "we bound every wait ourselves",
        "timeout": "we bound every wait ourselves",
        "retry_on_timeout": "we repeat what may be repeated ourselves",
        "retry_on_error": "we repeat what may be repeated ourselves",
        "encoding": "our keys are UTF-8",
        "encoding_errors": "our keys are UTF-8",
        "legacy_responses": "answers could no longer be read",
        "socket_read_size": "it has no use here",
        "ssl_min_version": "redis-py accepts it only in code",
        "ssl_include_verify_flags": "redis-py accepts it only in code",
        "ssl_exclude_verify_flags": "redis-py accepts it only in code",
    }
)


def check_redis_url(url: str) -> None:
    """Raises ValueError with a message of one line for the operator, which contains no password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"the port is not a number from 1 to 65535: {_FORM}") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("must be a URL that begins with redis:// or rediss://")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError(f"the host is followed by a colon, but not by a port from 1 to 65535: {_FORM}")
    if "," in parts.netloc.rpartition("@")[2]:
        raise ValueError(f"must name one host: {_FORM}")
    if not re.fullmatch(rf"/?(?:{_NUMBER})?", parts.path):
        raise ValueError(f"what follows the host must be the number of a database: {_FORM}")
    if parts.fragment:
        raise ValueError(f"has a '#' (in a password it must be percent-encoded): {_FORM}")
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        _check_parameter(name, value)


def _check_parameter(name: str, value: str) -> None:
    if name in REFUSED:
        raise ValueError(f"has the parameter {name}, which is not supported: {REFUSED[name]}")
    if name not in HONOURED:
        raise ValueError(f"has a parameter that is not supported (supported are {', '.join(HONOURED)})")
    if not re.fullmatch(HONOURED[name], value):
        raise ValueError(f"the parameter {name} has a value that is not supported")
