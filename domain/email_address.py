"""Two forms of an e-mail address with a non-ASCII domain: as people write it, and as mail servers know it (IDNA)."""

from __future__ import annotations

import idna


def ascii_address(address: str) -> str:
    """The address with its domain in ASCII: ``karl@xn--bcher-kva.example``.

    An address that has no such form stays as it is.
    """
    local_part, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local_part}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def both_forms(address: str) -> tuple[str, ...]:
    """The address in lower case, with its domain in both forms; the given form comes first."""
    asked = address.lower()
    local_part, at, domain = asked.rpartition("@")
    try:
        unicode_form = f"{local_part}{at}{idna.decode(domain, uts46=True)}"
    except idna.IDNAError:
        unicode_form = asked
    return tuple(dict.fromkeys((asked, unicode_form, ascii_address(asked))))


def is_same_address(one: str, other: str) -> bool:
    """Whether the two are the same mailbox: in any case, and with either form of the domain."""
    return other.lower() in both_forms(one)


def masked(address: str) -> str:
    """Enough of the address for its owner to recognise: ``k…@bücher.example``; a name of one letter is hidden."""
    local_part, at, domain = address.rpartition("@")
    shown = local_part[:1] if len(local_part) > 1 else ""
    return f"{shown}…{at}{domain}"
