// The page: what is shown when, and what each button does.

import { AnswerScreen } from "./answer.js";
import { Api, Refused } from "./api.js";
import { Camera } from "./camera/camera.js";
import { Clock } from "./clock.js";
import { $, el, fill, text } from "./dom.js";
import { Door } from "./door.js";
import { Finding } from "./finding.js";
import { lead } from "./leader.js";
import { Ledger } from "./ledger.js";
import {
  factsOf, noticesOf, showConflicts, showFacts, showFigures, showLink, showNotices, showRecent, showTypes,
} from "./panels.js";
import { plainCode } from "./readings.js";
import { Release } from "./release.js";
import { Sender } from "./sender.js";
import { Sounds } from "./sound.js";
import { Store } from "./store.js";
import { Times } from "./times.js";
import { TypingScanner } from "./typing.js";
import { WakeLock } from "./wake.js";

const SECTIONS = ["wait", "message", "pair", "choose", "start", "scan"];
const SAME_CODE_MS = 2_500;
const BUSY_AFTER_MS = 150;
const SEVERAL_FOR_MS = 1_500;
const READY = "Ready for a hand scanner, a name or a code";
const IDLE_WORDS = { off: READY, starting: "The camera is starting" };
// Where a person may try again. "not_built" is the installation's.
const CAN_TRY_AGAIN = ["refused", "failed", "none", "off"];

const sounds = new Sounds();
let store, clock, ledger, sender, door, answers, finding;
let conflicts = [];
let isScanning = false;
// Another tab is the door now.
let isOver = false;
let isPersisted = false;
const last = { text: "", at: 0 };
// How long answers took, for measurements: from the decoded frame or the last key to the answer on the screen.
const timings = [];
globalThis.doorTimings = timings;

const times = () => new Times({ now: () => clock.now(), zone: door?.list?.show.timezone ?? door?.show?.timezone });
const release = new Release({ onWaiting: () => (isScanning ? render() : release.take()) });
const wakeLock = new WakeLock({ onState: () => {} });
const camera = new Camera({
  video: $("video"),
  onCode: ({ text: read, decodedAt }) => scanned({ text: read, knownAt: decodedAt, isCamera: true }),
  onSeveral: () => severalSeen(),
  onState: (state, words) => cameraIs(state, words),
  looksRight: (read) => plainCode(read) !== null,
});
const typing = new TypingScanner({
  onText: ({ text: read, physical, typedAt }) => scanned({ text: read, physical, knownAt: typedAt }),
});

// ---- Beginning

async function begin() {
  release.start();
  if (!isSecureContext || !globalThis.indexedDB || !globalThis.crypto?.subtle) {
    return say("This browser cannot be a scanner", "The page must be opened by https, in a browser that is not in private mode.");
  }
  const isLeader = await lead({ onLost: () => movedAway() });
  if (!isLeader) {
    return say("The door is open in another tab", "Two tabs would send the same scans. Close one, or go on here.", "Go on here", async () => {
      await lead({ isTakeOver: true, onLost: () => movedAway() });
      await open();
    });
  }
  return open();
}

async function open() {
  try {
    store = await Store.open();
  } catch {
    return say("This browser keeps nothing", "It is in private mode, or its storage is full. The door needs it: scans are kept before they are sent.");
  }
  const settings = await readSettings();
  clock = new Clock({ offset: settings.offset ?? 0 });
  sounds.isOn = settings.sound ?? true;
  document.documentElement.toggleAttribute("data-light", settings.light ?? false);
  ledger = new Ledger(store);
  await ledger.open(clock.now());
  const paired = await store.get("device", "device");
  if (!paired) return show("pair");
  sender = new Sender({
    ledger,
    clock,
    hear: {
      reported: (showId, items) => door.hearReport(showId, items),
      troubled: (words) => door.hearTrouble(words),
      refused: (error) => door.hearRefusal(error),
    },
  });
  door = new Door({ store, ledger, sender, clock });
  answers = new AnswerScreen({ door, sounds, times });
  finding = new Finding({ door, onCode: (typed) => scanned({ text: typed, knownAt: performance.now() }), onAnswer: (answer) => answers.show(answer) });
  door.addEventListener("changed", () => changed());
  door.addEventListener("reported", ({ detail }) => reported(detail));
  isPersisted = (await navigator.storage?.persisted?.()) ?? false;
  typing.listen(document);
  await door.begin(paired, settings);
  setInterval(render, 1000);
  changed();
}

async function readSettings() {
  const names = ["showId", "direction", "offset", "keys", "withNames", "sound", "light"];
  const values = await Promise.all(names.map((name) => store.get("settings", name)));
  return Object.fromEntries(names.map((name, place) => [name, values[place]]));
}

function movedAway() {
  isOver = true;
  door?.end();
  stopScanning();
  say("The door is open in another tab", "This one has stopped.", "Go on here", () => location.reload());
}

async function pair(code) {
  const { body } = await new Api().ask("POST", "/devices/pair", { body: { code, kind: "scanner" } });
  await store.put("device", { token: body.token, device: body.device }, "device", { strict: true });
}

// ---- What is shown

function show(section) {
  for (const name of SECTIONS) $(name).hidden = name !== section;
  $("side").hidden = section !== "scan";
}

function say(title, words, act = "", does = null) {
  show("message");
  text($("message-title"), title);
  text($("message-text"), words);
  $("message-act").hidden = !act;
  text($("message-act"), act);
  $("message-act").onclick = does;
}

async function changed() {
  conflicts = await door.conflicts();
  render();
}

function render() {
  if (isOver) return;
  const waiting = ledger.waitingCount;
  showLink(door, waiting);
  if (door.link === "revoked") return outOfService(waiting);
  if (door.link === "unpaired") return unpaired(waiting);
  if (!door.show) return renderChoice();
  renderTitle();
  if (!isScanning) return renderStart(waiting);
  show("scan");
  const counts = door.counts();
  showFigures(counts);
  showTypes(counts);
  showRecent(door, times(), (id) => undo(id));
  showConflicts(conflicts, times(), (id) => door.dismissConflict(id));
  const isSilent = sounds.isOn && !sounds.isAwake;
  showNotices(noticesOf({ door, conflicts, waiting, isUpdateWaiting: release.isWaiting, isSilent, times: times() }), act);
  showFacts($("more-facts"), facts(waiting));
  $("ways").hidden = !door.mayExit;
  for (const way of document.getElementsByName("way")) way.checked = way.value === door.direction;
  $("more-show").hidden = door.shows.length < 2;
  $("more-update").hidden = !release.isWaiting;
  $("more-sound").checked = sounds.isOn;
  $("more-names").checked = door.withNames;
  $("more-light").checked = document.documentElement.hasAttribute("data-light");
}

function facts(waiting) {
  return factsOf({ door, times: times(), waiting, isKept: release.isKept, isPersisted });
}

function renderTitle() {
  const { title, start_time: start } = door.list?.show ?? door.show;
  fill($("title"), `${title} ${start}`, () => [el("span", {}, title), el("small", {}, times().moment(Date.parse(start)))]);
}

function renderStart(waiting) {
  show("start");
  const { title, door_time: doors, start_time: start, cancelled } = door.list?.show ?? door.show;
  text($("start-title"), cancelled ? `${title} is cancelled` : title);
  text($("start-when"), `${times().day(Date.parse(start))} · doors ${times().clock(Date.parse(doors))}, begins ${times().clock(Date.parse(start))}`);
  showFacts($("start-facts"), facts(waiting));
  $("start-other").hidden = door.shows.length < 2;
}

function renderChoice() {
  show("choose");
  const { shows } = door;
  $("choose-none").hidden = shows.length > 0;
  fill($("choose-list"), JSON.stringify(shows), () =>
    shows.map(({ id, title, venue, start_time: start, cancelled, timezone }) => {
      const when = new Times({ now: () => clock.now(), zone: timezone });
      const moment = Date.parse(start);
      const more = [`${when.day(moment)}, ${when.clock(moment)}`, venue, cancelled ? "cancelled" : ""].filter(Boolean).join(" · ");
      return el("li", {}, el("button", { class: "button", onclick: () => door.choose(id) }, title, el("small", {}, more)));
    }),
  );
}

function outOfService(waiting) {
  stopScanning();
  const scans = waiting === 1 ? "One scan is" : `${waiting} scans are`;
  const left = waiting ? `${scans} still being sent: leave this page open until they are through.` : "All of its scans have been sent.";
  say("This device was taken out of service", `It lets no one in any more. ${left}`, waiting ? "" : "Pair it again", () => location.reload());
}

function unpaired(waiting) {
  stopScanning();
  const left = waiting ? ` ${waiting} scans are kept, and are sent once it is paired again.` : "";
  say("This device is not known any more", `Pair it again in the office, under Devices.${left}`, "Pair it again", async () => {
    await store.remove("device", "device");
    location.reload();
  });
}

function stopScanning() {
  if (!isScanning) return;
  isScanning = false;
  camera.stop();
  if (answers.isOpen) answers.close();
  for (const sheet of document.querySelectorAll("dialog[open]")) sheet.close();
}

// ---- Scanning

async function startScanning() {
  isScanning = true;
  // One tap for all that browsers give for a tap alone.
  await Promise.all([sounds.wake().catch(() => {}), wakeLock.start()]);
  isPersisted = (await navigator.storage?.persist?.().catch(() => false)) ?? isPersisted;
  render();
  camera.start();
}

async function scanned({ text: read, physical = "", knownAt, isCamera = false }) {
  if (!door?.show || door.link === "revoked" || door.link === "unpaired") return;
  const isSame = read === last.text && performance.now() - last.at < SAME_CODE_MS;
  last.text = read;
  last.at = performance.now();
  // A code that slips out of view and back is one scan.
  if (isCamera && isSame) return;
  if (!isScanning) await startScanning();
  else sounds.wake().catch(() => {});
  const busy = setTimeout(() => ($("busy").hidden = false), BUSY_AFTER_MS);
  try {
    const answer = await door.scan({ text: read, physical });
    answers.show(answer);
    afterNextFrame(() => timings.push({ result: answer.result, by: answer.by, took: performance.now() - knownAt }));
  } finally {
    clearTimeout(busy);
    $("busy").hidden = true;
    last.at = performance.now();
  }
}

// The frame after the next one begins when this one has been painted.
function afterNextFrame(work) {
  requestAnimationFrame(() => requestAnimationFrame(work));
}

let severalTimer = 0;
function severalSeen() {
  $("several").hidden = false;
  clearTimeout(severalTimer);
  severalTimer = setTimeout(() => ($("several").hidden = true), SEVERAL_FOR_MS);
}

function cameraIs(state, words) {
  const isOn = state === "on";
  $("video").hidden = !isOn;
  $("lens").hidden = !isOn;
  $("torch").hidden = !camera.canLight;
  $("torch").setAttribute("aria-pressed", "false");
  $("finder").classList.toggle("has-picture", isOn);
  $("idle").hidden = isOn;
  text($("idle-text"), words || (IDLE_WORDS[state] ?? READY));
  $("camera-go").hidden = !CAN_TRY_AGAIN.includes(state);
}

async function undo(id) {
  try {
    await door.undo([id]);
    render();
    // The button that had the focus is gone.
    if (document.activeElement === document.body) document.querySelector("dialog[open] [data-close]")?.focus();
    $("say-softly").replaceChildren(el("span", {}, "Taken back"));
  } catch {
    render();
  }
}

// A person went in wrongly, as the server says now: worth a sound, for they may still be near.
function reported({ wrong }) {
  if (!wrong.length) return;
  sounds.play("look");
  const words = wrong.length === 1 ? "One person is in who should not be" : `${wrong.length} people are in who should not be`;
  $("say-softly").replaceChildren(el("span", {}, `${words}. See Last scans.`));
}

function act(does) {
  if (does === "conflicts") $("recent").showModal();
  if (does === "update") release.take();
  if (does === "sound") sounds.wake().then(() => sounds.play("go")).then(render);
}

// ---- Buttons

function listen() {
  $("pair-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await pair($("pair-code").value);
      location.reload();
    } catch (error) {
      text($("pair-error"), error instanceof Refused ? error.message : "No answer from the server. Try again.");
      $("pair-code").focus();
    }
  });
  $("start-go").addEventListener("click", () => startScanning());
  for (const id of ["start-other", "more-show"]) {
    $(id).addEventListener("click", () => {
      stopScanning();
      door.choose(null);
    });
  }
  $("camera-go").addEventListener("click", () => camera.start());
  $("next-camera").addEventListener("click", () => camera.useNext());
  $("torch").addEventListener("click", async () => {
    const isOn = await camera.torch($("torch").getAttribute("aria-pressed") !== "true");
    $("torch").setAttribute("aria-pressed", String(Boolean(isOn)));
  });
  $("ways").addEventListener("change", (event) => door.turn(event.target.value));
  $("open-find").addEventListener("click", () => finding.open());
  $("open-recent").addEventListener("click", () => $("recent").showModal());
  $("open-more").addEventListener("click", () => $("more").showModal());
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  $("more-update").addEventListener("click", () => release.take());
  $("more-sound").addEventListener("change", (event) => {
    sounds.isOn = event.target.checked;
    store.put("settings", sounds.isOn, "sound").catch(() => {});
    if (sounds.isOn) sounds.wake().then(() => sounds.play("go"));
  });
  $("more-light").addEventListener("change", (event) => {
    document.documentElement.toggleAttribute("data-light", event.target.checked);
    store.put("settings", event.target.checked, "light").catch(() => {});
  });
  $("more-names").addEventListener("change", (event) => door.keepNames(event.target.checked));
}

listen();
begin();
