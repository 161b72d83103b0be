"""A hot show may require a proof of work at checkout: work that a buyer does not notice is costly for a robot.

``PROOF_OF_WORK`` names the shows that do. A challenge is good for one order; a repetition with the same Idempotency-Key
may bring the same solution again.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, HeaderParameter

from adapters.altcha.challenges import AltchaChallenges, Challenge, parse_shows
from adapters.redis.used_once import UsedOnce
from application.errors import ProofOfWorkRequired
from domain.errors import NotFound
from entrypoints.http.openapi import answers

ProofHeader = Annotated[
    str | None,
    HeaderParameter(
        name="X-Proof-Of-Work",
        description="The solution of a challenge (base64 of its JSON with ``number``), where the show asks for one.",
    ),
]


class ProofOfWork:
    """``shows`` is as ``parse_shows`` reads it."""

    def __init__(self, challenges: AltchaChallenges, used: UsedOnce, *, shows: str) -> None:
        self._challenges = challenges
        self._used = used
        self._shows = parse_shows(shows)

    def is_asked_by(self, show_id: UUID) -> bool:
        return self._shows is None or show_id in self._shows

    def challenge(self, show_id: UUID) -> Challenge:
        """A new challenge. Raises NotFound if the show requires none."""
        if not self.is_asked_by(show_id):
            raise NotFound("This show asks for no proof of work")
        return self._challenges.new(show_id)

    async def ensure(self, show_id: UUID, solution: str | None, *, by: str | None) -> None:
        """``by`` is the Idempotency-Key of the order. Raises ProofOfWorkRequired."""
        if not self.is_asked_by(show_id):
            return
        solved = self._challenges.solved(show_id, solution) if solution else None
        if solved is None or not await self._used.use(solved, by=by or uuid4().hex):
            raise ProofOfWorkRequired


class ChallengeOut(msgspec.Struct, kw_only=True):
    """Find a number from 0 to ``maxnumber``: SHA-256 of ``salt`` and its digits is ``challenge``, in hex."""

    algorithm: str
    challenge: str
    maxnumber: int
    salt: str
    signature: str


@get(
    "/checkout/challenge",
    summary="Get a proof of work to do",
    operation_id="get_challenge",
    responses=answers("not_found"),
)
async def get_challenge(
    show_id: FromQuery[UUID], proof_of_work: NamedDependency[ProofOfWork]
) -> Response[ChallengeOut]:
    """An ALTCHA challenge, good for one checkout of the show within 20 minutes. Not found if the show requires none.

    Its solution goes with the checkout in the header X-Proof-Of-Work: base64 of ``{"algorithm", "challenge", "number",
    "salt", "signature"}``.
    """
    return Response(ChallengeOut(**proof_of_work.challenge(show_id)), headers={"Cache-Control": "no-store"})
