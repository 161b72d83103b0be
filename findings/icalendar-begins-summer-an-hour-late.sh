#!/usr/bin/env bash
# icalendar 7.3.2: the VTIMEZONE that it writes lets summer time begin an hour late.
#
# Done: Timezone.from_tzid for five zones (Calendar.add_missing_timezones calls it), and a show that starts half an hour
#   after the clocks went forward, read by ical.js 2.2.1 with that VTIMEZONE.
# Expected: RFC 5545, 3.6.5: DTSTART of an observance is the local time of its onset by the offset before it,
#   TZOFFSETFROM. Its own example has DTSTART:20070311T020000 for New York's summer time.
# Seen: the local time by the offset after it: 03:00 for New York, 02:30 for Lord Howe, whose clocks move by half an hour.
#   The way back to winter is right. A reader that follows the RFC has the first hour of summer time as winter time: the
#   show at 03:30 is read as 08:30 UTC instead of 07:30. Remedy: write VTIMEZONE with the offset before the onset, or
#   write UTC.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install icalendar==7.3.2 tzdata==2026.6 2>/dev/null
"$room/v/bin/python" - "$room/show.ics" <<'PY'
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone

ZONES = ("America/New_York", "Europe/Kyiv", "Europe/Dublin", "Africa/Cairo", "Australia/Lord_Howe")


def onsets(zone):
    """The moments of 2026 at which the clocks of the zone move, to the half hour."""
    moment, step = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=30)
    while moment.year == 2026:
        before, after = moment.astimezone(zone), (moment + step).astimezone(zone)
        if before.utcoffset() != after.utcoffset():
            yield moment + step, before.utcoffset(), after.utcoffset()
        moment += step


for name in ZONES:
    written = Timezone.from_tzid(name, first_date=date(2026, 1, 1), last_date=date(2027, 1, 1)).walk()
    starts = {part["DTSTART"].dt for part in written if "TZOFFSETFROM" in part}
    for onset, before, after in onsets(ZoneInfo(name)):
        right, seen = (onset.replace(tzinfo=None) + offset for offset in (before, max(before, after)))
        print(f"{name}: {before} to {after}; the RFC's DTSTART {right}; written {seen}")
        assert seen in starts
        assert (right in starts) == (after < before)

calendar = Calendar()
show = Event()
show.add("uid", "1")
show.add("dtstart", datetime(2026, 3, 8, 3, 30, tzinfo=ZoneInfo("America/New_York")))
calendar.add_component(show)
calendar.add_missing_timezones(last_date=date(2027, 1, 1))
Path(sys.argv[1]).write_bytes(calendar.to_ical())
PY
npm install --silent --no-fund --no-audit --prefix "$room/n" ical.js@2.2.1 >/dev/null
cat >"$room/n/read.mjs" <<'JS'
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
const start = new ICAL.Event(calendar.getFirstSubcomponent("vevent")).startDate;
const read = start.toJSDate().toISOString();
console.log(`2026-03-08 03:30 in New York is 07:30 UTC; read: ${read}`);
if (read !== "2026-03-08T08:30:00.000Z") process.exit(1);
JS
node "$room/n/read.mjs" "$room/show.ics"
