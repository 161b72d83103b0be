// The list of a show's tickets: what it says, how changes are applied, and what is found in it.

import { Readings, plainCode } from "./readings.js";
import { fromBase64, toBase64 } from "./signature.js";

export const LIST_VERSION = 2;
const HASH_BYTES = 16;
const NONCE_BYTES = 8;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
// The server's list is at most so much older than its answer.
export const BEHIND_MS = 5_000;
const MOST_FOUND = 20;

// The list is of another version or show, or does not follow the one that is there.
export class UnusableList extends Error {
  constructor(why) {
    super(why);
    this.name = "UnusableList";
  }
}

// The record to keep, of a list that came and the record that was kept before (null at first). Pure.
export function merged(before, content, { showId, fetchedAt, isChecked }) {
  if (content.version !== LIST_VERSION) throw new UnusableList("The list has a version that this app does not know");
  if (content.show.id !== showId) throw new UnusableList("The list is of another show");
  const common = {
    show_id: showId,
    cursor: content.cursor,
    issued_at: Date.parse(content.issued_at),
    fetched_at: fetchedAt,
    is_checked: isChecked,
    show: content.show,
    pass_back_ms: (content.pass_back_seconds ?? 60) * 1000,
    types: content.types,
    replaced: content.replaced,
    new_codes: content.new_codes ?? null,
  };
  if (content.kind === "full") {
    return { ...common, reading: content.reading, attendees: content.attendees };
  }
  if (!before || content.since !== before.cursor) throw new UnusableList("The changes are of another list");
  const entries = new Map(before.attendees.map((entry) => [entry.id, entry]));
  for (const id of content.removed ?? []) entries.delete(id);
  for (const entry of content.attendees) entries.set(entry.id, entry);
  return { ...common, reading: before.reading, attendees: [...entries.values()] };
}

export async function hashOf(code) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  return toBase64(new Uint8Array(digest, 0, HASH_BYTES));
}

export class TicketList {
  #byHash = new Map();
  #byId = new Map();
  #parties = new Map();
  #replaced;
  #types;
  #readings;

  // `record` is what `merged` made.
  constructor(record) {
    this.record = record;
    this.#types = new Map(record.types.map((type) => [type.id, type]));
    for (const entry of record.attendees) {
      this.#byHash.set(entry.code_hash, entry);
      this.#byId.set(entry.id, entry);
      if (!entry.party) continue;
      if (!this.#parties.has(entry.party)) this.#parties.set(entry.party, []);
      this.#parties.get(entry.party).push(entry);
    }
    this.#replaced = new Map(record.replaced.map((each) => [each.code_hash, each.id]));
    this.#readings = new Readings(record.reading);
  }

  get show() {
    return this.record.show;
  }

  get size() {
    return this.record.attendees.length;
  }

  // What a text is: {kind: "ticket", entry}, {kind: "replaced"}, {kind: "genuine"} or {kind: "unknown"}, each with the
  // code that was read, as far as there is one.
  async find(text) {
    const plain = plainCode(text);
    if (plain) {
      const found = await this.#known(plain);
      if (found) return found;
    }
    // Many hundred readings: only where the text as it stands is nothing.
    const others = this.#readings.of(text).filter((reading) => reading.code !== plain);
    const all = await Promise.all(others.map(({ code }) => this.#known(code)));
    const place = all.findIndex(Boolean);
    if (place >= 0) return { ...all[place], layout: others[place].layout };
    for (const code of [...(plain ? [plain] : []), ...others.map((reading) => reading.code)]) {
      if (await this.#isGenuine(code)) return { kind: "genuine", code };
    }
    return { kind: "unknown", code: plain };
  }

  async #known(code) {
    const hash = await hashOf(code);
    const entry = this.#byHash.get(hash);
    if (entry) return { kind: "ticket", code, entry };
    return this.#replaced.has(hash) ? { kind: "replaced", code, entry: this.entry(this.#replaced.get(hash)) } : null;
  }

  async #isGenuine(code) {
    const keys = this.record.new_codes?.keys ?? [];
    if (!keys.length) return false;
    const bytes = fromBase32(code);
    for (const raw of keys) {
      const usage = { name: "HMAC", hash: "SHA-256" };
      const key = await crypto.subtle.importKey("raw", fromBase64(raw), usage, false, ["sign"]);
      const tag = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.subarray(0, NONCE_BYTES)));
      if (bytes.subarray(NONCE_BYTES).every((byte, place) => byte === tag[place])) return true;
    }
    return false;
  }

  entry(id) {
    return this.#byId.get(id) ?? null;
  }

  // The type of an entry: {name, is_vip}.
  type(entry) {
    return this.#types.get(entry.type) ?? { id: null, name: "", is_vip: false };
  }

  get types() {
    return this.record.types;
  }

  get entries() {
    return this.record.attendees;
  }

  // The valid tickets of the entry's order, itself among them.
  party(entry) {
    return (this.#parties.get(entry?.party) ?? (entry ? [entry] : [])).filter((each) => each.status !== "void");
  }

  get hasNames() {
    return this.record.attendees.some((entry) => entry.name);
  }

  // Parties by a name on them: every typed word is part of it. Accents do not matter.
  named(text) {
    const words = folded(text).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = new Map();
    for (const entry of this.record.attendees) {
      const name = folded(entry.name ?? "");
      if (name && words.every((word) => name.includes(word))) found.set(entry.party ?? entry.id, entry);
      if (found.size === MOST_FOUND) break;
    }
    return [...found.values()];
  }
}

function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

function fromBase32(code) {
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const letter of code) {
    value = (value << 5) | LETTERS.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 255);
    value &= (1 << bits) - 1;
  }
  return Uint8Array.from(bytes);
}
