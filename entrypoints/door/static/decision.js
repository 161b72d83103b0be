// What a scan does, by the list and by this device's own scans (docs/door-protocol.md). Pure: no clock, no storage.

// Results by which a person passes the door.
export const PASSES = new Set(["admitted", "readmitted", "left", "not_in"]);
// Results by which a ticket is in afterwards.
const INWARDS = new Set(["admitted", "readmitted"]);

// Where a ticket is: {state: "new" | "in" | "out", at, device, outSince}. `entry` is the list's, null for a ticket that
// is not on it; `passages` are this device's own that the list does not know yet, {direction, at}, the oldest first.
export function standing(entry, passages, deviceName) {
  let now = fromList(entry);
  for (const { direction, at } of passages) {
    if (direction === "out") {
      now = { ...now, state: now.state === "new" ? "new" : "out", outSince: at };
    } else {
      now = { state: "in", at, device: deviceName, outSince: null };
    }
  }
  return now;
}

function fromList(entry) {
  const at = entry?.checked_in_at ? Date.parse(entry.checked_in_at) : null;
  if (at === null) return { state: "new", at: null, device: "", outSince: null };
  const outSince = entry.out_since ? Date.parse(entry.out_since) : null;
  return { state: outSince === null ? "in" : "out", at, device: entry.device ?? "", outSince };
}

// The result of a scan. `found` is what the list says of the text (list.js), `stands` where the ticket is.
export function decide({ found, stands, direction, show, passBackMs, now }) {
  if (found.kind === "unknown") return "unknown";
  if (found.kind === "replaced" || found.entry?.status === "void" || show.cancelled) return "void";
  if (direction === "out") {
    if (!show.re_entry) return "no_re_entry";
    return stands.state === "in" ? "left" : "not_in";
  }
  if (stands.state === "in") return "already_admitted";
  if (stands.state === "out") {
    // An exit in the future is an exit now: some scanner's clock is wrong.
    return now - Math.min(stands.outSince, now) < passBackMs ? "just_left" : "readmitted";
  }
  return "admitted";
}

// How many there are, by the list and by this device's own scans: {expected, admitted, out, coming, types}.
export function counted(list, standingOf) {
  const types = new Map(list.types.map((type) => [type.id, { ...type, expected: 0, admitted: 0, out: 0, coming: 0 }]));
  const sum = { expected: 0, admitted: 0, out: 0, coming: 0 };
  for (const entry of list.entries) {
    if (entry.status === "void") continue;
    const { state } = standingOf(entry);
    for (const count of [sum, types.get(entry.type)].filter(Boolean)) {
      count.expected += 1;
      if (state === "new") count.coming += 1;
      else count.admitted += 1;
      if (state === "out") count.out += 1;
    }
  }
  return { ...sum, inside: sum.admitted - sum.out, types: [...types.values()] };
}

// People that went in, a minute, over the last minutes, by the times of the scans.
export function paceOf(passages, now, minutes = 5) {
  const since = now - minutes * 60_000;
  const count = passages.filter(({ direction, at }) => direction === "in" && at > since && at <= now).length;
  return count / minutes;
}

export function goesIn(result) {
  return INWARDS.has(result);
}
