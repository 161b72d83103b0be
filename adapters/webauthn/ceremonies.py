"""PasskeyCeremonies by py_webauthn, which checks what browsers answer as the specification says."""

from __future__ import annotations

import json
import secrets
import struct
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from cbor2 import CBORError
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from application.ports.passkeys import NewCredential, PasskeyRefused
from domain.people import Passkey, Person

_CHALLENGE_BYTES: Final = 64
#: An answer has some hundred bytes; attestations of some devices have some thousand.
_MAX_ANSWER: Final = 64_000


class WebAuthnCeremonies:
    """``public_url`` is where browsers find us. Passkeys belong to its host, and need TLS unless that is localhost."""

    def __init__(self, public_url: str, *, name: str = "PiqueTickets") -> None:
        self._origin = public_url
        self._host = urlsplit(public_url).hostname or ""
        self._name = name

    def new_challenge(self) -> bytes:
        return secrets.token_bytes(_CHALLENGE_BYTES)

    def to_register(self, person: Person, challenge: bytes, *, known: Sequence[Passkey]) -> str:
        return options_to_json(
            webauthn.generate_registration_options(
                rp_id=self._host,
                rp_name=self._name,
                user_id=person.id.bytes,
                user_name=person.email,
                user_display_name=person.called,
                challenge=challenge,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential_id) for each in known],
            )
        )

    def registered(self, answer: str, challenge: bytes) -> NewCredential:
        try:
            proof = webauthn.verify_registration_response(
                credential=_read(answer),
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _ERRORS as error:
            raise PasskeyRefused(_words(error)) from error
        return NewCredential(proof.credential_id, proof.credential_public_key, proof.sign_count)

    def to_sign_in(self, challenge: bytes) -> str:
        return options_to_json(
            webauthn.generate_authentication_options(
                rp_id=self._host,
                challenge=challenge,
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def credential_of(self, answer: str) -> bytes:
        try:
            return base64url_to_bytes(str(_read(answer)["id"]))
        except _ERRORS as error:
            raise PasskeyRefused(_words(error)) from error

    def signed(self, answer: str, challenge: bytes, passkey: Passkey) -> int:
        try:
            proof = webauthn.verify_authentication_response(
                credential=_read(answer),
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _ERRORS as error:
            raise PasskeyRefused(_words(error)) from error
        return proof.new_sign_count


#: What the library raises of malformed input, beside its own errors.
_ERRORS: Final = (
    *(WebAuthnException, CBORError, struct.error, RecursionError),
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),
)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > _MAX_ANSWER:
        raise ValueError("the answer is too long")
    read = json.loads(answer)
    if not isinstance(read, dict):
        raise TypeError("the answer is no object")
    return read


def _words(error: Exception) -> str:
    """The error's kind alone: its text may repeat what the browser sent."""
    return type(error).__name__
