// Sends this device's scans, in their order, again and again until the server has taken them. One request at a time.

import { Refused } from "./api.js";

const MOST_SCANS = 200;
// The server takes 64 KiB.
const MOST_BYTES = 56 * 1024;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export class Sender {
  #ledger;
  #clock;
  #api = null;
  #sending = null;
  #again = false;
  #timer = 0;
  #pause = 0;
  #most = MOST_SCANS;
  #hear;

  // `hear` are functions: `reported(showId, items)` after each upload, `troubled(words)` where a person must look, with
  // "" once that is over, and `refused(error)` for a token that is none.
  constructor({ ledger, clock, hear }) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#hear = hear;
  }

  // With another pairing the same scans go up with another token.
  use(api, deviceName) {
    this.#api = api;
    this.deviceName = deviceName;
  }

  // Send what waits now, or as soon as what is being sent is through.
  kick() {
    clearTimeout(this.#timer);
    this.#again = true;
    this.#sending ??= this.#run().finally(() => (this.#sending = null));
    return this.#sending;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#api = null;
  }

  async #run() {
    while (this.#again && this.#api) {
      this.#again = false;
      try {
        await this.#sendAll();
        this.#pause = 0;
      } catch (error) {
        if (error instanceof Refused) this.#hear.refused(error);
        this.#wait(error.retryAfterMs ?? 0);
      }
    }
  }

  #wait(atLeast) {
    this.#pause = Math.min(Math.max(this.#pause * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    // Not all scanners at the same moment.
    const pause = Math.max(this.#pause, atLeast) * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => this.kick(), pause);
  }

  // All shows, one after the other: one that is refused does not hold up the others.
  async #sendAll() {
    const refused = new Map();
    for (;;) {
      const first = this.#ledger.waiting().find((scan) => !refused.has(scan.show_id));
      if (!first || !this.#api) break;
      try {
        await this.#send(first.show_id, this.#batch(first.show_id));
      } catch (error) {
        if (!(error instanceof Refused) || error.status === 401) throw error;
        refused.set(first.show_id, error);
      }
    }
    for (const error of refused.values()) throw error;
  }

  #batch(showId) {
    const batch = [];
    let bytes = 0;
    for (const scan of this.#ledger.waiting(showId).slice(0, this.#most)) {
      bytes += JSON.stringify(asSent(scan)).length + 1;
      if (batch.length && bytes > MOST_BYTES) break;
      batch.push(scan);
    }
    return batch;
  }

  async #send(showId, batch) {
    const body = {
      device_id: this.deviceName,
      sent_at: new Date(this.#clock.now()).toISOString(),
      scans: batch.map(asSent),
    };
    try {
      const { body: report } = await this.#api.ask("POST", `/producer/shows/${showId}/checkin/scans`, { body });
      await this.#taken(batch, report.items);
      this.#most = MOST_SCANS;
      this.#hear.troubled("");
      this.#hear.reported(showId, report.items);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#refused(error, batch);
    }
  }

  async #taken(batch, items) {
    const now = this.#clock.now();
    for (const [place, scan] of batch.entries()) {
      // Taken back while it was on its way: it goes up once more.
      if (this.#ledger.get(scan.id).undone_at !== scan.undone_at) continue;
      const { result, attendee_id: attendee } = items[place];
      await this.#ledger.note([scan.id], { state: "taken", taken_at: now, verdict: result, attendee_id: attendee });
    }
  }

  async #refused(error, batch) {
    if (error.status === 413 && batch.length > 1) {
      this.#most = Math.ceil(batch.length / 2);
      return;
    }
    const place = /^scans\[(\d+)\]/.exec(error.field)?.[1];
    const wrong = place === undefined ? null : batch[Number(place)];
    if (error.status === 400 && (wrong || batch.length === 1)) {
      // One scan must not hold up the others.
      await this.#ledger.change([(wrong ?? batch[0]).id], { state: "aside", verdict: error.message });
      this.#hear.reported(batch[0].show_id, []);
      return;
    }
    if (error.status === 400) {
      this.#most = Math.ceil(batch.length / 2);
      return;
    }
    this.#hear.troubled(error.status === 404 ? "These scans are of a show that this device may not scan for" : error.message);
    throw error;
  }
}

function asSent({ id, code, attendee_id: attendee, at, direction, undone_at: undone }) {
  return {
    id,
    ...(code ? { code } : { attendee_id: attendee }),
    scanned_at: new Date(at).toISOString(),
    direction,
    ...(undone ? { undone_at: new Date(undone).toISOString() } : {}),
  };
}
