"""Check-in at the door, and scanners that lose the network."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from application.checkin.door_list import MAX_CURSOR_LENGTH, DoorLists
from application.checkin.door_state import MOST_SHOWS, DoorState, ReadDoorState
from application.checkin.offline import IssueOfflineList, ListConflicts, SyncOfflineScans
from application.checkin.party import CheckInParty
from application.checkin.scan import CheckIn
from application.checkin.undo import UndoCheckIn
from application.orders.parties import SearchParties
from application.ports.checkin import ScanCursor
from application.ports.system import Clock
from domain.access import Actor, Scope
from domain.admission import PASSED
from entrypoints.http.access import TAKES_REVOKED, Holders, bearer_of, guarded_router, secret_in
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.producer.checkin_schemas import (
    CheckInIn,
    CheckInOut,
    CheckInPartyIn,
    CheckInPartyOut,
    ConflictsOut,
    DoorStateOut,
    FoundPartiesOut,
    FoundPartyOut,
    KeysOut,
    PartyScanOut,
    ScanOut,
    ScansIn,
    ScansOut,
    UndoIn,
    UndoOut,
    in_utc,
)
from entrypoints.http.strict_json import StrictJson

_CHECK_IN: Final = msgspec.json.Decoder(CheckInIn)
#: How long an answer about a door may be kept: it is for one scanner and one moment.
CACHE_CONTROL: Final = "private, no-store"
#: Stands for the time of an answer where answers are compared.
_SOME_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)


@post(
    "/checkin",
    status_code=HTTP_200_OK,
    dto=StrictJson[CheckInIn],
    return_dto=None,
    summary="Check an attendee in",
    operation_id="check_in",
    responses=answers("not_found", "idempotency_key_reused"),
)
async def check_in(
    data: JSONBody[CheckInIn], actor: NamedDependency[Actor], check_in: NamedDependency[CheckIn]
) -> CheckInOut:
    """Admits once for every code, even if several scanners read it at the same time.

    ``code`` is what the scanner sends or a person types. Separators, line ends and a scanner's prefix do not matter,
    nor do 0 for O, 1 for I or L, 8 for B, nor characters that another keyboard layout made of a scanner's keys.
    """
    return CheckInOut.of(await check_in(data.to_request(actor)))


class ScanDesk:
    """Answers scans in their express lane: the secret is read with the scan's ticket, in one go with all other scans of
    the moment.
    """

    def __init__(self, check_in: Callable[[], CheckIn], holders: Holders) -> None:
        """``check_in`` gives the use case, once the application has started."""
        self._check_in = check_in
        self._holders = holders

    async def __call__(self, scope: Any, authorization: str, body: bytes) -> bytes:
        """The answer, as ``check_in`` gives it, as JSON. Raises what refuses the request, the secret first."""
        secret = secret_in(authorization)
        bearer = bearer_of(scope, secret, Scope.CHECKIN)
        try:
            scan = _CHECK_IN.decode(body)
        except Exception:
            bearer.actor_of(await self._holders.of(secret))
            raise
        return msgspec.json.encode(CheckInOut.of(await self._check_in()(scan.to_request(bearer))))


class DoorStates:
    """States of doors as they are answered, each made once for all scanners that ask while it is fresh."""

    def __init__(self, read: ReadDoorState) -> None:
        self._read = read
        self._made: OrderedDict[UUID, tuple[DoorState, DoorStateOut, str]] = OrderedDict()

    async def __call__(self, actor: Actor, show_id: UUID) -> tuple[DoorStateOut, str]:
        """The state, as yet without its time, and its ETag. Raises NotFound."""
        state = await self._read(actor, show_id)
        made = self._made.pop(show_id, None)
        if made is None or made[0] is not state:
            shown = DoorStateOut.of(state, _SOME_MOMENT)
            digest = hashlib.sha256(msgspec.json.encode(shown)).hexdigest()[:32]
            made = state, shown, f'"{digest}"'
        self._made[show_id] = made
        while len(self._made) > MOST_SHOWS:
            self._made.popitem(last=False)
        return made[1:]


class StateDesk:
    """Answers requests for the state of a door in their express lane."""

    def __init__(self, states: Callable[[], DoorStates], holders: Holders, clock: Callable[[], Clock]) -> None:
        """``states`` and ``clock`` give them, once the application has started."""
        self._states = states
        self._holders = holders
        self._clock = clock

    async def __call__(self, scope: Any, authorization: str, show_id: UUID) -> tuple[Callable[[], bytes], str]:
        """What makes the answer, as ``state`` gives it, as JSON; and its ETag. Raises what refuses the request."""
        secret = secret_in(authorization)
        actor = bearer_of(scope, secret, Scope.CHECKIN).actor_of(await self._holders.of(secret) if secret else None)
        now = self._clock().now()
        shown, etag = await self._states()(actor, show_id)
        return lambda: msgspec.json.encode(msgspec.structs.replace(shown, as_of=now)), etag


@post(
    "/checkin/undo",
    status_code=HTTP_200_OK,
    dto=StrictJson[UndoIn],
    return_dto=None,
    summary="Undo a check-in",
    operation_id="undo_check_in",
    responses=answers("not_found"),
)
async def undo(
    data: JSONBody[UndoIn], actor: NamedDependency[Actor], undo_check_in: NamedDependency[UndoCheckIn]
) -> UndoOut:
    """A token takes back all scans of the ticket: the code admits again. A paired device takes back its own last scan
    of the ticket, within the hour (``other_device`` and ``too_late`` say why not).
    """
    undone, answer = await undo_check_in(actor, data.code, attendee_id=data.attendee_id, show_id=data.show_id)
    return UndoOut.of(undone, answer)


@post(
    "/shows/{show_id:uuid}/checkin/party",
    status_code=HTTP_200_OK,
    dto=StrictJson[CheckInPartyIn],
    return_dto=None,
    summary="Check a party in",
    operation_id="check_in_party",
    responses=answers("idempotency_key_reused"),
)
async def party(
    show_id: FromPath[UUID],
    data: JSONBody[CheckInPartyIn],
    actor: NamedDependency[Actor],
    check_in_party: NamedDependency[CheckInParty],
) -> CheckInPartyOut:
    """Lets tickets of one order in (or out) in one act: each of them that may. Safe to repeat: a scan that was decided
    before gets the same answer.
    """
    scans = [scan.to_scan() for scan in data.scans]
    results = await check_in_party(actor, show_id, scans, device_id=data.device_id, direction=data.direction)
    items = [PartyScanOut.of(scan.id, result) for scan, result in zip(data.scans, results, strict=True)]
    return CheckInPartyOut(items, sum(item.result in PASSED for item in items))


@get("/checkin/keys", summary="Get the keys to verify offline lists", operation_id="get_checkin_keys")
async def keys(issue_offline_list: NamedDependency[IssueOfflineList]) -> KeysOut:
    """Fetch them once, before the show, over a trusted connection."""
    return KeysOut([dict(key) for key in issue_offline_list.public_keys()])


@get(
    "/shows/{show_id:uuid}/checkin/list",
    media_type="application/jose",
    summary="Get the list for scanners without a network",
    operation_id="get_checkin_list",
)
async def offline_list(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    issue_offline_list: NamedDependency[IssueOfflineList],
    door_lists: NamedDependency[DoorLists],
    names: Annotated[bool, QueryParameter(description="With the attendees' names.")] = False,
    version: Annotated[
        Literal["1", "2"], QueryParameter(description="The version of the list's format that the scanner knows.")
    ] = "1",
    since: Annotated[
        str, QueryParameter(max_length=MAX_CURSOR_LENGTH, description="The cursor of the list that the scanner has.")
    ] = "",
) -> Response[str]:
    """A JSON Web Signature (RFC 7515, compact, EdDSA) over the list. docs/door-protocol.md has its format, and how to
    read codes, scan without a network and report the scans.

    A list of version 2 is given in full, or with ``since`` as what changed after that list. One of version 1 is always
    in full: ``{version, issued_at, show, code_hash: "sha256", reading, attendees: [{id, code_hash, name?, ticket_name,
    is_vip, status, checked_in_at}], replaced: [{id, code_hash}]}``.
    """
    headers = {"Cache-Control": CACHE_CONTROL}
    if version == "1":
        signed = await issue_offline_list(actor, show_id, with_names=names)
        return Response(signed, media_type="application/jose", headers=headers)
    if not since:
        headers["ETag"] = f'"{await door_lists.revision(actor, show_id, with_names=names)}"'
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response("", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    signed = await door_lists(actor, show_id, since=since, with_names=names)
    return Response(signed, media_type="application/jose", headers=headers)


@get("/shows/{show_id:uuid}/checkin/state", summary="Count who is in", operation_id="get_door_state")
async def state(
    request: Request[Any, Any, Any],
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    door_states: NamedDependency[DoorStates],
    clock: NamedDependency[Clock],
) -> Response[DoorStateOut]:
    """How many are in, out and still coming, by ticket type, minute and device: at most a second old. Ask each second,
    with the ``ETag`` of the last answer in ``If-None-Match``: the answer is 304 while only ``as_of`` would differ.
    """
    now = clock.now()
    shown, etag = await door_states(actor, show_id)
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": etag}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        nothing: Any = None
        return Response(nothing, status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(msgspec.structs.replace(shown, as_of=now), headers=headers)


@get("/shows/{show_id:uuid}/checkin/search", summary="Find a party by name", operation_id="search_parties")
async def search(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    search_parties: NamedDependency[SearchParties],
    q: Annotated[str, QueryParameter(min_length=2, max_length=100, description="A name, or an order's number.")],
) -> FoundPartiesOut:
    """Orders by the names on them, also misspelt ones, or by their number: at most 20, with their tickets and who of
    them is in. There are no addresses and no phone numbers in it.
    """
    found, misspelt = await search_parties(actor, show_id, q)
    return FoundPartiesOut([FoundPartyOut.of(each) for each in found], misspelt)


@post(
    "/shows/{show_id:uuid}/checkin/scans",
    status_code=HTTP_200_OK,
    dto=StrictJson[ScansIn],
    return_dto=None,
    summary="Report whom a scanner admitted offline",
    operation_id="upload_scans",
    opt={TAKES_REVOKED: True},
)
async def upload(
    show_id: FromPath[UUID],
    data: JSONBody[ScansIn],
    actor: NamedDependency[Actor],
    sync_offline_scans: NamedDependency[SyncOfflineScans],
) -> ScansOut:
    """Safe to repeat, also after a failure in the middle: each scan is taken in once by its id, and reported in its
    present state. The earliest scan of a code counts as its admission, and every other one is a conflict.

    A device that was revoked may still report its scans, and is refused everywhere else.
    """
    scans = [scan.to_scan(position) for position, scan in enumerate(data.scans)]
    sent_at = in_utc(data.sent_at, "sent_at") if data.sent_at else None
    taken = await sync_offline_scans(actor, show_id, data.device_id, scans, sent_at=sent_at)
    reports = [ScanOut.of(each) for each in taken]
    return ScansOut(reports, sum(report.conflict for report in reports))


@get(
    "/shows/{show_id:uuid}/checkin/conflicts",
    summary="List wrong admissions",
    operation_id="list_checkin_conflicts",
)
async def conflicts(
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    list_conflicts: NamedDependency[ListConflicts],
    limit: PageLimit = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> ConflictsOut:
    """Wrong admissions by offline scanners, which cannot be undone, in the order they were reported."""
    after = ScanCursor(*decode_cursor(cursor)) if cursor else None
    reports, more = await list_conflicts(actor, show_id, after=after, limit=limit)
    return ConflictsOut(
        [ScanOut.of(report) for report in reports], encode_cursor(more.received_at, more.scan_id) if more else None
    )


router = guarded_router(
    "/",
    check_in,
    party,
    undo,
    keys,
    offline_list,
    state,
    search,
    upload,
    conflicts,
    scopes=[Scope.CHECKIN],
    tags=["Producer: door"],
)
