// What is shown beside the scans: the figures, the last scans, who must be looked for, and the device itself.

import { conflictWords, listWords, wordOf } from "./faces.js";
import { $, el, fill, sign, text } from "./dom.js";
import { lasting } from "./times.js";

const MOST_SHOWN = 50;

// The three figures that stand on the first screen.
export function showFigures(counts) {
  const place = $("figures");
  if (!counts) return fill(place, "none", () => []);
  const figures = [
    ["in", counts.inside],
    ["to come", counts.coming],
    ["a minute", counts.perMinute < 10 ? Math.round(counts.perMinute * 10) / 10 : Math.round(counts.perMinute)],
    ["from here", counts.own],
  ];
  if (counts.out) figures.splice(1, 0, ["out", counts.out]);
  return fill(place, JSON.stringify(figures), () =>
    figures.map(([words, figure]) => el("div", {}, el("dt", {}, words), el("dd", {}, String(figure)))),
  );
}

// The counts of each ticket type, as a table.
export function showTypes(counts) {
  for (const place of document.querySelectorAll("[data-types]")) {
    const types = counts?.types ?? [];
    fill(place, JSON.stringify([types, counts?.isOfAllDoors]), () => (types.length ? [typesTable(counts)] : []));
  }
}

function typesTable({ types, isOfAllDoors, ...sum }) {
  const row = ({ name, expected, admitted, out, coming }, isSum = false) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, isSum ? el("b", {}, name) : name),
      el("td", {}, String(admitted - out)),
      el("td", {}, String(coming)),
      el("td", {}, String(expected)),
    );
  const heads = ["Type", "In", "To come", "Sold"].map((words) => el("th", { scope: "col" }, words));
  return el(
    "table",
    {},
    el("caption", { class: "hidden" }, isOfAllDoors ? "All doors together" : "As far as this device knows"),
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...types.map((type) => row(type)), ...(types.length > 1 ? [row({ ...sum, name: "All" }, true)] : [])),
  );
}

// This device's last passages, each to be undone within the hour.
export function showRecent(door, times, onUndo) {
  const scans = door.ledger.all().filter((scan) => scan.show_id === door.show?.id && scan.state !== "asking" && scan.result);
  const last = scans.reverse().slice(0, MOST_SHOWN);
  const rows = last.map((scan) => ({ ...rowOf(scan, door.nameOf(scan), times), canUndo: door.mayUndo(scan), id: scan.id }));
  for (const place of document.querySelectorAll("[data-recent]")) {
    fill(place, JSON.stringify(rows), () => [
      rows.length ? el("ul", { class: "scans" }, ...rows.map((row) => scanRow(row, onUndo))) : el("p", { class: "soft" }, "Nothing was scanned yet."),
    ]);
  }
}

function rowOf({ at, direction, type, state, undone_at: undone, verdict, result }, name, times) {
  const who = [type, name].filter(Boolean).join(" · ") || "A ticket";
  const way = undone ? "undone" : direction === "out" ? "out" : "in";
  const fate = { waiting: "to be sent", aside: `not taken: ${verdict}` }[state] ?? "";
  const isWrong = state === "taken" && verdict !== result && !undone;
  return { who, way, words: [times.clock(at), undone ? "taken back" : way, fate, isWrong && `now: ${wordOf(verdict)}`].filter(Boolean).join(" · ") };
}

function scanRow({ id, who, way, words, canUndo }, onUndo) {
  const mark = el("span", { class: `mark is-${way}` }, sign(way === "in" ? "tick" : way === "out" ? "out" : "again"));
  return el(
    "li",
    {},
    mark,
    el("span", { class: "what" }, who, el("small", {}, words)),
    canUndo ? el("button", { class: "button", onclick: () => onUndo(id) }, "Undo", el("span", { class: "hidden" }, `: ${who}, ${words}`)) : null,
  );
}

// Who went in and should not have, and what to do about it.
export function showConflicts(conflicts, times, onDone) {
  fill($("conflicts"), JSON.stringify(conflicts.map(({ id }) => id)), () =>
    conflicts.map((item) => {
      const { title, advice } = conflictWords(item, times);
      return el(
        "section",
        { class: "card" },
        el("h3", {}, title),
        el("p", {}, advice),
        el("button", { class: "button", onclick: () => onDone(item.id) }, "Seen to", el("span", { class: "hidden" }, `: ${title}`)),
      );
    }),
  );
}

// What needs a person, in order of weight: [{words, isBad, act}].
export function noticesOf({ door, conflicts, waiting, isUpdateWaiting, isSilent, times }) {
  const notices = [];
  const { storage = "", sending = "", list: listTrouble = "", server = "" } = door.troubles;
  const add = (words, more = {}) => words && notices.push({ words, ...more });
  add(storage, { isBad: true });
  if (conflicts.length) {
    const words = conflicts.length === 1 ? "One person is in who should not be" : `${conflicts.length} people are in who should not be`;
    add(words, { isBad: true, act: "Look", does: "conflicts" });
  }
  if (door.ledger.aside().length) add(`${door.ledger.aside().length} scans were not taken by the server`, { isBad: true, act: "Look", does: "conflicts" });
  add(sending && `Scans are not sent: ${sending}`, { isBad: true });
  add(listTrouble, { isBad: true });
  add(server && door.isOnline ? "" : server);
  if (door.clock.wrongBy) {
    const way = door.clock.wrongBy > 0 ? "fast" : "slow";
    add(`This device's clock is ${lasting(Math.abs(door.clock.wrongBy))} ${way}. Scans get the right time all the same.`);
  }
  const { text: listText, isOld } = listWords(door.list?.record, door.clock.now(), times);
  if (door.link === "offline") add(`No network: scanning goes on by the list. ${listText}.`);
  else if (isOld && door.link === "online" && door.list) add(listText);
  if (waiting && door.isOnline && waiting > 3) add(`${waiting} scans are being sent`);
  if (isUpdateWaiting) add("A new version is here", { act: "Load it", does: "update" });
  if (isSilent) add("Tap for sound", { act: "Sound", does: "sound" });
  return notices;
}

export function showNotices(notices, onAct) {
  fill($("notices"), JSON.stringify(notices), () =>
    notices.map(({ words, isBad, act, does }) =>
      el(
        "div",
        { class: isBad ? "notice is-bad" : "notice" },
        el("span", {}, words),
        act ? el("button", { class: "button", onclick: () => onAct(does) }, act) : null,
      ),
    ),
  );
}

// How the link stands, in the corner.
export function showLink(door, waiting) {
  const place = $("link");
  const words = { starting: "Connecting", online: "Online", offline: "Offline" }[door.link];
  place.hidden = !words;
  place.className = `link is-${door.link}`;
  text(place, [words, waiting ? `${waiting} to send` : ""].filter(Boolean).join(" · "));
}

// Facts about the device: [[what, words, "good" | "bad" | ""]].
export function showFacts(place, facts) {
  fill(place, JSON.stringify(facts), () =>
    facts.map(([what, words, mood]) => el("div", {}, el("dt", {}, what), el("dd", { class: mood ? `is-${mood}` : null }, words))),
  );
}

export function factsOf({ door, times, waiting, isKept, isPersisted }) {
  const record = door.list?.record;
  const { text: listText, isOld } = listWords(record, door.clock.now(), times);
  const signed = record ? (record.is_checked ? "checked" : "not checked: this browser is too old for it") : "";
  return [
    ["Device", door.deviceName, ""],
    ["Tickets", listText, record && !isOld ? "good" : "bad"],
    ...(record ? [["Signature", signed, record.is_checked ? "good" : "bad"]] : []),
    ["To send", waiting === 1 ? "1 scan" : waiting ? `${waiting} scans` : "Nothing", ""],
    ["Without a network", isKept ? "Opens and scans" : "Not ready yet", isKept ? "good" : "bad"],
    ["Storage", isPersisted ? "Kept for good" : "The browser may clear it when it is short of space", ""],
    ["Clock", door.clock.wrongBy ? `${lasting(Math.abs(door.clock.wrongBy))} wrong, corrected` : "Right", door.clock.wrongBy ? "bad" : "good"],
    ["Version", document.documentElement.dataset.version, ""],
  ];
}
