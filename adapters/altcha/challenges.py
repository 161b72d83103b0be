"""Proofs of work by ALTCHA (https://altcha.org/docs/v2/proof-of-work/): find the number that has a given hash."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Final, TypedDict
from uuid import UUID

import msgspec
from altcha.v1 import ChallengeOptions, create_challenge, extract_params, verify_solution

from application.ports.system import Clock

#: The time that a buyer has to fill in a form; a form that was open for longer asks for a new challenge.
LIFETIME: Final = timedelta(minutes=20)
_ALGORITHM: Final = "SHA-256"
#: The longest solution that is read; ours are shorter.
_MAX_SOLUTION: Final = 2048

#: The setting for all shows.
EVERY_SHOW: Final = "on"
NO_SHOW: Final = "off"


def parse_shows(text: str) -> frozenset[UUID] | None:
    """The shows that ask for a proof of work: "off", "on" (None), or comma-separated ids. Raises ValueError."""
    if text in (EVERY_SHOW, NO_SHOW):
        return None if text == EVERY_SHOW else frozenset()
    try:
        return frozenset(UUID(part.strip()) for part in text.split(","))
    except ValueError:
        raise ValueError("must be off, on, or the ids of shows, comma-separated") from None


class Challenge(TypedDict):
    """The browser searches for a number from 0 to ``maxnumber``.

    SHA-256 of ``salt`` and the digits of the number is ``challenge``, in hex.
    """

    algorithm: str
    challenge: str
    maxnumber: int
    salt: str
    signature: str


class _Solution(msgspec.Struct):
    algorithm: str
    challenge: str
    number: int
    salt: str
    signature: str


class AltchaChallenges:
    """``secret`` signs the challenges; ``cost`` is their ``maxnumber``: a browser tries half as many on average."""

    def __init__(self, secret: str, *, cost: int, clock: Clock) -> None:
        self._key = f"proof-of-work:{secret}"
        self._cost = cost
        self._clock = clock

    def new(self, show_id: UUID) -> Challenge:
        """A challenge for one checkout of the show."""
        made = create_challenge(
            ChallengeOptions(
                algorithm=_ALGORITHM,
                max_number=self._cost,
                hmac_key=self._key,
                expires=self._clock.now() + LIFETIME,
                params={"show": str(show_id)},
            )
        )
        return Challenge(
            algorithm=_ALGORITHM,
            challenge=made.challenge,
            maxnumber=made.max_number,
            salt=made.salt,
            signature=made.signature,
        )

    def solved(self, show_id: UUID, solution: str) -> str | None:
        """The challenge of the show that the solution (base64 of JSON) solves; None if it solves none."""
        if len(solution) > _MAX_SOLUTION:
            return None
        try:
            found = msgspec.json.decode(base64.b64decode(solution, validate=True), type=_Solution)
        except (ValueError, msgspec.DecodeError):
            return None
        payload = msgspec.structs.asdict(found)
        parameters = extract_params(payload)  # type: ignore[arg-type]  # it is one
        if found.algorithm != _ALGORITHM or parameters.get("show") != [str(show_id)] or self._is_old(parameters):
            return None
        is_solved, _ = verify_solution(payload, self._key, check_expires=False)  # type: ignore[call-overload]  # as above
        return found.challenge if is_solved else None

    def _is_old(self, parameters: dict[str, list[str]]) -> bool:
        try:
            (expires,) = parameters["expires"]
            return int(expires) < self._clock.now().timestamp()
        except (KeyError, ValueError):
            return True
