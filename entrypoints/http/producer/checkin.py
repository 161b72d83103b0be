"""Check-in at the door, and scanners that lose the network."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from application.checkin.offline import IssueOfflineList, ListConflicts, SyncOfflineScans
from application.checkin.party import CheckInParty
from application.checkin.scan import CheckIn
from application.checkin.undo import UndoCheckIn
from application.ports.checkin import ScanCursor
from domain.access import Actor, Scope
from domain.admission import PASSED
from entrypoints.http.access import TAKES_REVOKED, guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.paging import DEFAULT_PAGE, PageCursor, PageLimit, decode_cursor, encode_cursor
from entrypoints.http.producer.checkin_schemas import (
    CheckInIn,
    CheckInOut,
    CheckInPartyIn,
    CheckInPartyOut,
    ConflictsOut,
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
    answer = await check_in(
        actor,
        data.code,
        show_id=data.show_id,
        device_id=data.device_id,
        scan_id=data.scan_id,
        direction=data.direction,
    )
    return CheckInOut.of(answer)


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
    show_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    issue_offline_list: NamedDependency[IssueOfflineList],
    names: Annotated[bool, QueryParameter(description="With the attendees' names.")] = False,
) -> Response[str]:
    """A JSON Web Signature (RFC 7515, compact, EdDSA) over ``{version, issued_at, show, code_hash: "sha256", reading,
    attendees: [{id, code_hash, name?, ticket_name, is_vip, status, checked_in_at}], replaced: [{id, code_hash}]}``.
    ``replaced`` are codes that tickets had before a new one: they admit no one. A scanner may be lost, so the
    list has hashes (of the code in upper case, without separators) instead of codes, and names only on request.

    To find a code, convert full-width letters to plain ones and all to upper case, keep only A-Z and 0-9 (and drop an
    AIM identifier in front, such as ``]Q1``), and look for the hash of the 24 characters. If it is not there,
    ``reading: {keys, layouts: [{layouts, typed}], mistaken}`` says how else to read the original text: for each of
    ``layouts``, replace every character of ``typed`` by the character of ``keys`` at the same place, and drop all
    others except digits (U+FFFD in ``typed`` is no character; if one stands for several keys, try each); then, in upper
    case, try what ``mistaken`` says a character may stand for. Up to four characters may stand around the 24. Only one
    reading will be in the list; uploads are read in the same way.
    """
    signed = await issue_offline_list(actor, show_id, with_names=names)
    return Response(signed, media_type="application/jose", headers={"Cache-Control": "private, no-store"})


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
    "/", check_in, party, undo, keys, offline_list, upload, conflicts, scopes=[Scope.CHECKIN], tags=["Producer: door"]
)
