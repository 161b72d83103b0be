// How an answer looks, sounds and reads: a tone (its colour, its sound and its sign), a word, and lines. Pure.

// tone: go (let pass), look (a person decides), stop (do not let pass)
const FACES = {
  admitted: { tone: "go", sign: "tick", word: "In" },
  readmitted: { tone: "go", sign: "again", word: "In again" },
  left: { tone: "out", sign: "out", word: "Out" },
  party: { tone: "go", sign: "tick", word: "In" },
  not_in: { tone: "look", sign: "out", word: "Was not in", line: "This ticket was not scanned on its way in. The exit is noted." },
  no_re_entry: { tone: "look", sign: "out", word: "No way back", line: "Who leaves this show does not come in again. Nothing was noted." },
  already_admitted: { tone: "stop", sign: "twice", word: "Already in" },
  just_left: { tone: "stop", sign: "clock", word: "Just left", line: "Within a minute of its exit, a ticket lets no one in." },
  wrong_show: { tone: "stop", sign: "arrow", word: "Other show" },
  too_early: { tone: "stop", sign: "clock", word: "Too early", line: "The doors of its show open later." },
  void: { tone: "stop", sign: "cross", word: "Void" },
  unknown: { tone: "stop", sign: "question", word: "Unknown", line: "This is no ticket to this show." },
  not_kept: {
    tone: "stop", sign: "full", word: "Not kept",
    line: "This device cannot store any more, so nothing was noted. Let no one in with it: scan with another one.",
  },
  no_list: {
    tone: "stop", sign: "question", word: "Cannot tell",
    line: "There is no network, and no list of tickets on this device yet.",
  },
  list_over: {
    tone: "stop", sign: "clock", word: "Cannot tell",
    line: "There is no network, and the list on this device ended with the show.",
  },
  not_allowed: { tone: "stop", sign: "cross", word: "Not allowed" },
};

// The face of an answer of the door's (door.js): {tone, sign, word, sound, lines, label, isVip, hasNote, say}.
// `words` writes times: {clock(ms), ago(ms)}.
export function faceOf(answer, words) {
  const face = FACES[answer.result] ?? FACES.unknown;
  const isVip = Boolean(answer.label?.isVip) && face.tone === "go";
  const word = wordFor(answer, face);
  const lines = [face.line, ...linesOf(answer, words), partyLine(answer, face)].filter(Boolean);
  const label = [answer.label?.type, answer.label?.name].filter(Boolean).join(" · ");
  const sound = isVip ? "vip" : face.tone;
  const { note = "" } = answer.label ?? {};
  const say = [word, isVip ? "VIP" : "", label, ...lines, note].filter(Boolean).join(". ");
  return { ...face, word, isVip, lines, label, note, sound, say };
}

// The word of a result, for a list.
export function wordOf(result) {
  return (FACES[result]?.word ?? result).toLowerCase();
}

function wordFor({ result, passed, of, direction }, face) {
  if (result !== "party") return face.word;
  if (!passed) return direction === "out" ? "None out" : "None in";
  const count = passed === of ? (passed === 1 ? "1" : `All ${passed}`) : `${passed} of ${of}`;
  return `${count} ${direction === "out" ? "out" : "in"}`;
}

function linesOf(answer, words) {
  const { result, before = {}, other, isGenuine, isReplaced, refused = [] } = answer;
  const lines = [];
  if (result === "already_admitted" && before.at) lines.push(sinceLine(before, words));
  if (result === "just_left" && before.outSince) lines.push(`Out since ${words.clock(before.outSince)}.`);
  if (result === "wrong_show" && other) lines.push(`It is for ${other.title}, ${words.moment(Date.parse(other.start_time))}.`);
  else if (result === "wrong_show") lines.push("It is a ticket to another show of this house.");
  if (result === "void") lines.push(isReplaced ? "This ticket has a newer code: ask for the newer ticket." : "Refunded, exchanged or called off.");
  if (isGenuine) lines.push("Genuine, and not on the list yet.");
  if (result === "not_allowed") lines.push(answer.words);
  if (result === "party" && refused.length) lines.push(`Not let in: ${refused.map((each) => refusalOf(each)).join(", ")}.`);
  return lines;
}

// Who of the order may pass as well.
function partyLine({ party, direction }, { tone }) {
  const more = tone === "stop" || tone === "look" ? 0 : (party?.ids.length ?? 0);
  if (!more) return "";
  return `${more} more of this order ${more === 1 ? "is" : "are"} ${direction === "out" ? "in" : "not in yet"}.`;
}

function sinceLine({ at, device }, words) {
  return `Since ${words.clock(at)} (${words.ago(at)})${device ? `, at ${device}` : ""}.`;
}

function refusalOf({ result, label }) {
  const name = label?.name || label?.type || "a ticket";
  return `${name} (${wordOf(result)})`;
}

// What to do about a person who went in and should not have: {title, advice}. `item` is the server's report of the scan.
export function conflictWords(item, words) {
  const what = [item.attendee?.ticket_name, item.attendee?.name].filter(Boolean).join(" · ") || "A code";
  const here = words.clock(Date.parse(item.scanned_at));
  const { admission } = item;
  if (item.after_revocation && item.result === "admitted") {
    return { title: `${what}: let in at ${here}`, advice: "This device had been taken out of service. The ticket was good." };
  }
  switch (item.result) {
    case "already_admitted":
      return {
        title: `${what}: two people with one ticket`,
        advice: admission
          ? `Let in here at ${here}, and at ${admission.device_id || "another door"} at ${words.clock(Date.parse(admission.scanned_at))}. ` +
            "One of the two has a copy: ask both for the order's name."
          : `Let in here at ${here}, and before at another door. One of the two has a copy.`,
      };
    case "just_left":
      return {
        title: `${what}: in again within a minute`,
        advice: `Let in at ${here}, just after it went out at another door. The ticket may have been passed back.`,
      };
    case "void":
      return {
        title: `${what}: the ticket was void`,
        advice: `Let in at ${here}. It had been refunded, exchanged, or had got another code. Ask the box office.`,
      };
    case "wrong_show":
      return { title: `${what}: a ticket to another show`, advice: `Let in at ${here}. Look whether there is a free seat.` };
    default:
      return { title: `${what}: not a ticket of this house`, advice: `Let in at ${here} by this device's list. Tell the box office.` };
  }
}

// How old the list is, and whether that is a reason to worry: {text, isOld}. Times are milliseconds.
const OLD_AFTER_MS = 15 * 60_000;

export function listWords(record, now, words) {
  if (!record) return { text: "No list of tickets yet", isOld: true };
  const age = now - record.issued_at;
  const isVoid = record.attendees.filter((each) => each.status === "void").length;
  const count = `${record.attendees.length} tickets${isVoid ? ` (${isVoid} void)` : ""}`;
  const text = age < 90_000 ? `List of ${count}, up to date` : `List of ${count} from ${words.moment(record.issued_at)}, ${words.ago(record.issued_at)}`;
  return { text, isOld: age > OLD_AFTER_MS };
}
