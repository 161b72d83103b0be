// This device's own scans: kept in the browser's store, one transaction each, and sent from there. What is kept here
// survives a reload, a killed browser, another pairing and a new release.
//
// A scan's `state` is one of
//   asking   the server was asked, and no answer was shown: no person passed
//   waiting  it is to be sent
//   taken    the server has it
//   aside    the server refuses it for ever: a person has to look
//   refused  no person passed; kept for the list of what happened last

import { BEHIND_MS } from "./list.js";

const KEPT_FOR_MS = 36 * 3600_000;
// Longer than a scan can be undone: then the code of a scan that was taken is forgotten.
const CODE_KEPT_FOR_MS = 65 * 60_000;

export class Ledger {
  #store;
  #scans = new Map();

  constructor(store) {
    this.#store = store;
  }

  // Read what was kept. What the server was asked when the browser ended is taken back: its answer was not shown.
  async open(now) {
    for (const scan of await this.#store.all("scans")) this.#scans.set(scan.id, scan);
    for (const scan of this.all()) {
      if (scan.state === "asking") await this.#keep({ ...scan, state: "waiting", undone_at: now });
    }
    await this.#tidy(now);
  }

  // Everything that was scanned, the oldest first.
  all() {
    return [...this.#scans.values()];
  }

  get(id) {
    return this.#scans.get(id) ?? null;
  }

  // Keep new scans, all or none. Each becomes a record with a place in the order. Raises NotKept.
  async add(scans) {
    const added = scans.map((scan) => ({ undone_at: null, taken_at: null, tries: 0, ...scan }));
    const keys = [];
    await this.#store.change(["scans"], ({ scans: store }) => {
      added.forEach((scan, place) => {
        store.add(scan).onsuccess = (event) => (keys[place] = event.target.result);
      });
    });
    return added.map((scan, place) => this.#remember({ ...scan, seq: keys[place] }));
  }

  // Change records, all or none. Raises NotKept.
  async change(ids, fields) {
    const changed = ids.map((id) => ({ ...this.#scans.get(id), ...fields }));
    await this.#store.change(["scans"], ({ scans: store }) => changed.forEach((scan) => store.put(scan)));
    return changed.map((scan) => this.#remember(scan));
  }

  // Change records where the change is not worth a refusal: it is true in this page at once, and made again after a
  // reload.
  async note(ids, fields) {
    const changed = ids.map((id) => this.#remember({ ...this.#scans.get(id), ...fields }));
    await this.#store.change(["scans"], ({ scans }) => changed.forEach((scan) => scans.put(scan))).catch(() => {});
  }

  // Forget records that stand for nothing, such as a question that the server answered with no.
  async forget(ids) {
    for (const id of ids) {
      const { seq } = this.#scans.get(id);
      this.#scans.delete(id);
      await this.#store.remove("scans", seq).catch(() => {});
    }
  }

  // The scans to be sent of a show, the oldest first.
  waiting(showId = null) {
    return this.all().filter((scan) => scan.state === "waiting" && (showId === null || scan.show_id === showId));
  }

  get waitingCount() {
    return this.all().reduce((count, { state }) => count + (state === "waiting"), 0);
  }

  aside() {
    return this.all().filter((scan) => scan.state === "aside");
  }

  // Whether the server does not know yet what this device knows of the ticket.
  isAhead(ticket) {
    return this.all().some((scan) => scan.ticket === ticket && (scan.state === "waiting" || scan.state === "aside"));
  }

  // This device's passages of a show that a list, made at `issuedAt`, cannot know: by ticket, the oldest first.
  passages(showId, issuedAt) {
    const byTicket = new Map();
    for (const scan of this.all()) {
      if (scan.show_id !== showId || scan.undone_at || !isPassage(scan)) continue;
      if (scan.state === "taken" && scan.taken_at < issuedAt - BEHIND_MS) continue;
      if (!byTicket.has(scan.ticket)) byTicket.set(scan.ticket, []);
      byTicket.get(scan.ticket).push(scan);
    }
    for (const each of byTicket.values()) each.sort((one, other) => one.at - other.at || one.seq - other.seq);
    return byTicket;
  }

  // This device's own passages of a show, sent or not.
  own(showId) {
    return this.all().filter((scan) => scan.show_id === showId && !scan.undone_at && isPassage(scan));
  }

  async #keep(scan) {
    await this.#store.put("scans", scan).catch(() => {});
    this.#remember(scan);
  }

  #remember(scan) {
    this.#scans.set(scan.id, scan);
    return scan;
  }

  async #tidy(now) {
    for (const scan of this.all()) {
      const isDone = scan.state === "taken" || scan.state === "refused";
      if (isDone && scan.at < now - KEPT_FOR_MS) await this.forget([scan.id]);
      else if (isDone && scan.code && scan.at < now - CODE_KEPT_FOR_MS) await this.note([scan.id], { code: null });
    }
  }
}

function isPassage({ state, result }) {
  return (state === "waiting" || state === "taken" || state === "aside") && result !== "refused";
}
