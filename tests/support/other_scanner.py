"""A scanner that somebody else could have written: made from docs/door-protocol.md alone.

It shares no code with the product. It asks while there is a network, goes by its list where there is none, stores a
scan before it shows green, and uploads what it stored until it is taken in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import unicodedata
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]
#: Sends a request to the producer API, ``(method, path, body)``, and returns ``(status, content)``. Raises OSError
#: where there is no answer.
Send = Callable[[str, str, Json | None], Awaitable[tuple[int, bytes]]]

GREEN: Final = {"admitted", "readmitted", "left", "not_in"}
MOST_SCANS: Final = 100
#: More readings of one text than this are not tried.
MOST_READINGS: Final = 256


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def short_hash(code: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(code.encode()).digest()[:16]).decode().rstrip("=")


class OtherScanner:
    """One device at one show. ``store`` is what outlives a restart: the list, the scans that were not taken in, the
    difference of the clocks.
    """

    def __init__(self, send: Send, show_id: str, clock: Callable[[], datetime], *, name: str, store: Json) -> None:
        self._send, self._show, self._clock, self._name = send, show_id, clock, name
        self.store = store
        store.setdefault("queue", {})
        store.setdefault("difference", 0.0)
        self.told: list[Json] = []  # the last report of each scan that was taken in
        self.direction = "in"

    # The list

    async def fetch_keys(self) -> None:
        answer = await self._asked("GET", "/checkin/keys")
        self.store["keys"] = {key["kid"]: key["x"] for key in answer["keys"]}

    async def refresh(self) -> str:
        """Take the list along, or what changed of it. Returns its kind."""
        since = self.store.get("list", {}).get("cursor", "")
        began = self._clock()
        path = f"/shows/{self._show}/checkin/list?version=2" + (f"&since={since}" if since else "")
        status, content = await self._send("GET", path, None)
        if status != 200:
            raise OSError(f"no list: {status}")
        took = self._clock() - began
        new = self._verified(content.decode())
        here = datetime.fromisoformat(new["issued_at"]) + took / 2 - self._clock()
        self.store["difference"] = here.total_seconds()
        if new["kind"] == "changes":
            if new["since"] != since:
                raise ValueError("changes of another list")
            entries = {**self.store["list"]["attendees"]}
            for gone in new["removed"]:
                entries.pop(gone, None)
            new["reading"] = self.store["list"]["reading"]
        else:
            entries = {}
        entries |= {entry["id"]: entry for entry in new["attendees"]}
        self.store["list"] = {**new, "attendees": entries}
        return str(new["kind"])

    def _verified(self, text: str) -> Json:
        head, payload, signature = text.split(".")
        header = json.loads(unpacked(head))
        if header["alg"] != "EdDSA" or header["kid"] not in self.store["keys"]:
            raise ValueError("not signed by a key that we know")
        key = Ed25519PublicKey.from_public_bytes(unpacked(self.store["keys"][header["kid"]]))
        key.verify(unpacked(signature), f"{head}.{payload}".encode())
        content: Json = json.loads(unpacked(payload))
        if content["version"] != 2 or content["show"]["id"] != self._show:
            raise ValueError("not the list of this show, or not one that we know")
        return content

    # Reading codes

    def readings(self, text: str) -> Iterator[str]:
        plain = re.sub(r"^[^A-Za-z0-9]*\][A-Za-z][0-9A-Za-z]", "", text)
        plain = unicodedata.normalize("NFKC", plain).translate(str.maketrans("ıİ", "II")).upper()
        plain = re.sub(r"[^A-Z0-9]", "", plain)
        yield from self._codes_in(plain)
        reading = self.store["list"]["reading"]
        for layout in reading["layouts"]:
            keys: dict[str, str] = {}
            for key, typed in zip(reading["keys"], layout["typed"], strict=True):
                for character in {typed, typed.upper(), typed.lower()} - {"\ufffd"}:
                    keys[character] = keys.get(character, "") + key
            yield from self._codes_in([keys.get(c, c if c.isdigit() else "") for c in text])
        yield from self._codes_in([reading["mistaken"].get(c, c) for c in plain])

    def _codes_in(self, choices: str | list[str]) -> Iterator[str]:
        kept = [choice for choice in choices if choice]
        for start in range(max(0, len(kept) - 24) + 1) if 24 <= len(kept) <= 28 else ():
            for read in islice(product(*kept[start : start + 24]), MOST_READINGS):
                code = "".join(read)
                if re.fullmatch("[A-Z2-7]{24}", code):
                    yield code

    # Deciding without a network

    def decide(self, text: str) -> tuple[str, Json | None]:
        """The result by the list and by our own scans, and the entry of the ticket."""
        known = self.store["list"]
        by_hash = {entry["code_hash"]: entry for entry in known["attendees"].values()}
        replaced = {entry["code_hash"] for entry in known["replaced"]}
        for code in self.readings(text):
            if entry := by_hash.get(short_hash(code)):
                return self._result(entry["id"], entry), entry
            if short_hash(code) in replaced:
                return "void", None
            if self._is_genuine(code):
                return self._result(code, {}), None
        return "unknown", None

    def _is_genuine(self, code: str) -> bool:
        raw = base64.b32decode(code)
        keys = (self.store["list"]["new_codes"] or {}).get("keys", [])
        tags = (hmac.digest(unpacked(key), raw[:8], "sha256")[:7] for key in keys)
        return any(hmac.compare_digest(raw[8:], tag) for tag in tags)

    def _result(self, ticket: str, entry: Json) -> str:
        show = self.store["list"]["show"]
        if self.direction == "in" and (entry.get("status") == "void" or show["cancelled"]):
            return "void"
        is_in, out_since = bool(entry.get("checked_in_at")), entry.get("out_since")
        for scan in self.store["queue"].values():
            if scan["ticket"] == ticket and not scan.get("undone_at"):
                is_in = is_in or scan["direction"] == "in"
                out_since = scan["scanned_at"] if scan["direction"] == "out" else None
        if self.direction == "out":
            return "no_re_entry" if not show["re_entry"] else "left" if is_in and not out_since else "not_in"
        if not is_in:
            return "admitted"
        if not out_since:
            return "already_admitted"
        left = min(datetime.fromisoformat(out_since), self.now())
        ago = self.now() - left
        return "just_left" if ago.total_seconds() < self.store["list"]["pass_back_seconds"] else "readmitted"

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.store["difference"])

    # Scanning

    async def scan(self, text: str) -> str:
        """Ask the server; without an answer, go by the list. What lets a person pass is stored first."""
        scan_id = str(uuid.uuid4())
        asked: Json = {"code": text, "show_id": self._show, "device_id": self._name, "scan_id": scan_id}
        try:
            status, content = await self._send("POST", "/checkin", {**asked, "direction": self.direction})
            if status == 200:
                return str(json.loads(content)["result"])
        except OSError:
            pass
        result, entry = self.decide(text)
        scan = {"id": scan_id, "code": text, "direction": self.direction, "scanned_at": self.now().isoformat()}
        if result not in GREEN:  # the server may have had the request all the same
            scan["undone_at"] = scan["scanned_at"]
        self._keep(scan, entry["id"] if entry else next(self.readings(text), text))
        return result

    def scan_party(self, text: str) -> list[str]:
        """Without a network: all of the party that may pass, in one act."""
        _, first = self.decide(text)
        party = [e for e in self.store["list"]["attendees"].values() if first and e["party"] == first["party"]]
        results, at = [], self.now().isoformat()
        for entry in party:
            results.append(self._result(entry["id"], entry))
            if results[-1] in GREEN:
                scan = {"id": str(uuid.uuid4()), "attendee_id": entry["id"], "scanned_at": at}
                self._keep({**scan, "direction": self.direction}, entry["id"])
        return results

    def _keep(self, scan: Json, ticket: str) -> None:
        self.store["queue"][scan["id"]] = {**scan, "ticket": ticket}

    async def upload(self) -> bool:
        """Send what was stored, the oldest first. Whether all of it was taken in."""
        while self.store["queue"]:
            oldest = sorted(self.store["queue"].values(), key=lambda scan: scan["scanned_at"])[:MOST_SCANS]
            scans = [{name: value for name, value in scan.items() if name != "ticket"} for scan in oldest]
            body = {"device_id": self._name, "sent_at": self.now().isoformat(), "scans": scans}
            try:
                status, content = await self._send("POST", f"/shows/{self._show}/checkin/scans", body)
            except OSError:
                return False
            if status != 200:
                return False
            for item in json.loads(content)["items"]:
                self.told.append(item)
                self.store["queue"].pop(item["id"], None)
        return True

    async def _asked(self, method: str, path: str) -> Json:
        status, content = await self._send(method, path, None)
        if status != 200:
            raise OSError(f"{path}: {status}")
        answer: Json = json.loads(content)
        return answer
