// The door: what becomes of a scan, with and without a network. It knows the API, the store and the rules, and nothing
// of the page, which hears of changes by the event `changed`, and of what came back from the server by `reported`.

import { Api, Refused, Unreachable } from "./api.js";
import { PASSES, counted, decide, goesIn, paceOf, standing } from "./decision.js";
import { TicketList, UnusableList, merged } from "./list.js";
import { NotKept } from "./store.js";
import { plainCode } from "./readings.js";
import { BadSignature, opened } from "./signature.js";

// People at a door wait no longer for an answer. Then the list decides.
export const ANSWER_WITHIN_MS = 800;
const STATE_WITHIN_MS = 3_000;
const ASK_STATE_EVERY_MS = 1_000;
const REFRESH_EVERY_MS = 30_000;
const REFRESH_OTHERS_EVERY_MS = 300_000;
// A link that was good so long ago may be gone.
const LINK_GOOD_FOR_MS = 5_000;
// A list of a show that is over for longer is forgotten.
const FORGET_LIST_AFTER_MS = 24 * 3600_000;
export const UNDO_WITHIN_MS = 3600_000;
const MOST_TEXT = 1000;
const MOST_IN_A_PARTY = 250;

export class Door extends EventTarget {
  device = null;
  show = null;
  direction = "in";
  // What the server says of the show: the counts of all doors together.
  state = null;
  // online, offline, starting; or revoked and unpaired, with which nothing is scanned.
  link = "starting";
  // Words for a person, by what they are about; "" where all is well.
  troubles = {};

  #store;
  #ledger;
  #sender;
  #clock;
  #api = null;
  #list = null;
  #others = [];
  #keys = [];
  #withNames = false;
  #names = new Map();
  #etag = null;
  #lastGood = -Infinity;
  #failures = 0;
  #timers = [];
  #line = Promise.resolve();
  #refreshing = null;

  constructor({ store, ledger, sender, clock }) {
    super();
    this.#store = store;
    this.#ledger = ledger;
    this.#sender = sender;
    this.#clock = clock;
  }

  get list() {
    return this.#list;
  }

  get ledger() {
    return this.#ledger;
  }

  get clock() {
    return this.#clock;
  }

  get withNames() {
    return this.#withNames;
  }

  get isOnline() {
    return this.link === "online";
  }

  get deviceName() {
    return this.device?.name ?? "";
  }

  // ---- Beginning and ending

  // Take up the work of a device, {token, device}, with what was chosen before.
  async begin({ token, device }, settings) {
    this.#api = new Api(token);
    this.device = device;
    this.#keys = settings.keys ?? [];
    this.#withNames = settings.withNames ?? false;
    this.direction = settings.direction ?? "in";
    this.#sender.use(this.#api, device.name);
    await this.#forgetOldLists();
    const chosen = device.shows.find((show) => show.id === settings.showId) ?? this.#only();
    if (chosen) await this.choose(chosen.id);
    this.#every(ASK_STATE_EVERY_MS, () => this.#askState());
    this.#every(REFRESH_EVERY_MS, () => this.refresh());
    this.#every(REFRESH_OTHERS_EVERY_MS, () => this.isOnline && this.#refreshOthers());
    this.#askWhoIAm().then(() => this.#refreshOthers());
    this.#sender.kick();
  }

  end() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#sender.stop();
  }

  #every(pause, work) {
    let isBusy = false;
    const once = async () => {
      if (isBusy || !this.#api) return;
      isBusy = true;
      try {
        await work();
      } finally {
        isBusy = false;
      }
    };
    this.#timers.push(setInterval(once, pause));
    once();
  }

  // The shows that this device may scan for, the soonest first.
  get shows() {
    return this.device?.shows ?? [];
  }

  // The one show that there can be no doubt about.
  #only() {
    const now = this.#clock.now();
    const near = this.shows.filter((show) => !show.cancelled && Date.parse(show.end_time) > now);
    const tonight = near.filter((show) => Date.parse(show.door_time) - now < 12 * 3600_000);
    if (tonight.length === 1) return tonight[0];
    return this.shows.length === 1 ? this.shows[0] : null;
  }

  async choose(showId) {
    this.show = this.shows.find((show) => show.id === showId) ?? null;
    this.state = null;
    this.#etag = null;
    await this.#keepSetting("showId", showId);
    await this.#openList();
    this.#changed();
    this.refresh();
  }

  async turn(direction) {
    this.direction = direction;
    await this.#keepSetting("direction", direction);
    this.#changed();
  }

  // Whether names are kept on this device, for looking people up without a network.
  async keepNames(withNames) {
    this.#withNames = withNames;
    await this.#keepSetting("withNames", withNames);
    await this.refresh();
  }

  get mayExit() {
    return Boolean(this.state?.re_entry ?? this.#list?.show.re_entry);
  }

  // ---- A scan

  // What becomes of one scan: {text, physical} of a code, or {attendeeId}. One after the other.
  scan(read) {
    return this.#inLine(() => this.#scan(read));
  }

  // Let some tickets of one party pass in one act, by their ids.
  letPass(attendeeIds) {
    return this.#inLine(() => this.#letPass(attendeeIds.slice(0, MOST_IN_A_PARTY)));
  }

  #inLine(work) {
    const done = this.#line.then(work);
    this.#line = done.catch(() => {});
    return done;
  }

  async #scan({ text, physical = "" }) {
    const began = performance.now();
    const found = await this.#find(text, physical);
    const scan = this.#newScan({ found, code: (found.code ?? text).slice(0, MOST_TEXT), at: this.#clock.now() });
    const answer = await this.#decided(scan, found);
    this.#changed();
    return { ...answer, took: performance.now() - began };
  }

  async #decided(scan, found) {
    if (!this.#mayAsk() || this.#ledger.isAhead(scan.ticket)) return this.#byList(scan, found, false);
    const isKept = await this.#asking([scan]);
    try {
      return await this.#byServer(scan, found);
    } catch (error) {
      if (error instanceof Refused) return this.#notAllowed(scan, found, error);
      if (!(error instanceof Unreachable)) throw error;
      this.#lost();
      return this.#byList(scan, found, isKept);
    }
  }

  // Keep the question. Whether it was kept: the server keeps what it answers, so a full storage does no harm yet.
  async #asking(scans) {
    try {
      await this.#ledger.add(scans.map((scan) => ({ ...scan, state: "asking" })));
      return true;
    } catch (error) {
      this.#fullOf(error);
      return false;
    }
  }

  async #byServer(scan, found) {
    const { code, direction } = scan;
    const body = { code, show_id: this.show.id, device_id: this.deviceName, scan_id: scan.id, direction };
    const { body: said } = await this.#api.ask("POST", "/producer/checkin", { body, within: ANSWER_WITHIN_MS });
    this.#good();
    const entry = found.entry ?? this.#list?.entry(said.attendee?.id) ?? null;
    this.#settle(scan, said.result, said.attendee);
    return this.#answer(scan, { result: said.result, by: "server", entry, said });
  }

  // The server knows this scan: what is kept of it follows behind the answer.
  #settle(scan, result, attendee) {
    if (!this.#ledger.get(scan.id)) return;
    if (!PASSES.has(result)) {
      this.#ledger.forget([scan.id]);
      return;
    }
    const { id, name, ticket_name: type } = attendee;
    this.#names.set(scan.id, name);
    this.#ledger.note([scan.id], {
      state: "taken",
      taken_at: this.#clock.now(),
      result,
      verdict: result,
      ticket: id,
      attendee_id: id,
      type,
    });
  }

  // Whose ticket it was, as long as the page is open: names are not kept, unless the list has them.
  nameOf(scan) {
    return this.#names.get(scan.id) ?? this.#list?.entry(scan.attendee_id)?.name ?? "";
  }

  #notAllowed(scan, found, error) {
    if (this.#ledger.get(scan.id)) this.#ledger.forget([scan.id]);
    this.#hearRefusal(error);
    return this.#answer(scan, { result: "not_allowed", by: "server", entry: found.entry ?? null, words: error.message });
  }

  async #byList(scan, found, wasAsked) {
    const decided = this.#decideByList(scan, found);
    const answer = this.#answer(scan, { ...decided, by: "list" });
    if (!PASSES.has(decided.result)) {
      // The question may have arrived all the same: what the server made of it is taken back.
      if (wasAsked) await this.#ledger.note([scan.id], { state: "waiting", undone_at: this.#clock.now() });
      if (wasAsked) this.#sender.kick();
      return answer;
    }
    try {
      const fields = { state: "waiting", result: decided.result };
      if (wasAsked) await this.#ledger.change([scan.id], fields);
      else await this.#ledger.add([{ ...scan, ...fields }]);
    } catch (error) {
      this.#fullOf(error);
      return { ...answer, result: "not_kept" };
    }
    this.#sender.kick();
    return answer;
  }

  #decideByList(scan, found) {
    const entry = found.entry ?? null;
    if (!this.#list) return { result: "no_list", entry };
    if (scan.at > Date.parse(this.#list.show.end_time)) return { result: "list_over", entry };
    const stands = this.standingOf(entry, found.code);
    const { show, record } = this.#list;
    const { direction, at: now } = scan;
    const result = decide({ found, stands, direction, show, passBackMs: record.pass_back_ms, now });
    if (result === "unknown" && found.other) return { result: "wrong_show", entry: null, other: found.other };
    const isGenuine = found.kind === "genuine";
    return { result, entry, stands, isGenuine, isReplaced: found.kind === "replaced" };
  }

  async #find(text, physical) {
    const found = (await this.#list?.find(text)) ?? { kind: "unknown", code: plainCode(text) };
    if (found.kind !== "unknown") return found;
    const place = plainCode(physical);
    if (place && place !== found.code) {
      const byPlace = (await this.#list?.find(place)) ?? { kind: "unknown", code: null };
      if (byPlace.kind !== "unknown") return byPlace;
      // The text is no code as it stands, and the keys' places are one.
      if (!found.code) found.code = place;
    }
    for (const other of this.#others) {
      if ((await other.find(found.code ?? text)).kind === "ticket") return { ...found, other: other.show };
    }
    return found;
  }

  #newScan({ found, code, at }) {
    const { entry } = found;
    return {
      id: crypto.randomUUID(),
      show_id: this.show.id,
      code,
      attendee_id: entry?.id ?? null,
      ticket: entry?.id ?? found.code ?? code,
      direction: this.direction,
      at,
      type: this.labelOf(entry).type,
    };
  }

  // What the page shows of a ticket: {name, type, isVip, note}.
  labelOf(entry, said = null) {
    const type = entry && this.#list ? this.#list.type(entry) : null;
    return {
      name: said?.name ?? entry?.name ?? "",
      type: said?.ticket_name ?? type?.name ?? "",
      isVip: said?.is_vip ?? type?.is_vip ?? false,
      note: entry?.note ?? "",
      number: said?.order_number ?? "",
    };
  }

  // Where a ticket of the list is, by the list and by this device's own scans.
  standingOf(entry, code = null) {
    const passages = this.#passages();
    const own = [...((entry && passages.get(entry.id)) ?? []), ...((code && passages.get(code)) ?? [])];
    return standing(entry, own, this.deviceName);
  }

  #passages() {
    return this.#ledger.passages(this.show?.id, this.#list?.record.issued_at ?? 0);
  }

  #answer(scan, { result, by, entry, said = null, stands = null, other = null, words = "", ...more }) {
    const admission = said?.admission;
    return {
      id: scan.id,
      at: scan.at,
      direction: scan.direction,
      result,
      by,
      label: this.labelOf(entry, said?.attendee),
      before: admission
        ? { at: Date.parse(admission.scanned_at), device: admission.device_id }
        : { at: stands?.at ?? null, device: stands?.device ?? "", outSince: stands?.outSince ?? null },
      layout: said?.layout ?? null,
      other,
      words,
      party: this.#partyOf(entry, said),
      ...more,
    };
  }

  // The others of the party who have not passed yet: {size, ids}. Those who would have to, if they are all here.
  #partyOf(entry, said) {
    const party = this.#list?.party(entry) ?? [];
    const passed = this.#passages();
    const isComing = (each) => {
      const stands = standing(each, passed.get(each.id) ?? [], this.deviceName);
      return this.direction === "in" ? stands.state === "new" : stands.state === "in";
    };
    const ids = party.filter((each) => each.id !== entry?.id && isComing(each)).map((each) => each.id);
    return { size: Math.max(party.length, said?.party?.tickets ?? 1), ids };
  }

  // ---- A party in one act

  async #letPass(attendeeIds) {
    const began = performance.now();
    const at = this.#clock.now();
    const scans = attendeeIds.map((id) => {
      const entry = this.#list?.entry(id) ?? null;
      return { ...this.#newScan({ found: { entry }, code: null, at }), attendee_id: id, ticket: id };
    });
    const done = await this.#partyDecided(scans);
    this.#changed();
    const passed = done.filter(({ result }) => PASSES.has(result));
    const only = done.length === 1 ? done[0] : null;
    return {
      ...(only ?? { ...done[0], label: labelOfAll(done), party: { size: done.length, ids: [] } }),
      result: only?.result ?? (done.some(({ result }) => result === "not_kept") ? "not_kept" : "party"),
      ids: passed.map(({ id }) => id),
      passed: passed.length,
      of: done.length,
      refused: done.filter(({ result }) => !PASSES.has(result)),
      took: performance.now() - began,
    };
  }

  async #partyDecided(scans) {
    const isAhead = scans.some(({ ticket }) => this.#ledger.isAhead(ticket));
    if (!this.#mayAsk() || isAhead) return this.#partyByList(scans, false);
    const isKept = await this.#asking(scans);
    try {
      return await this.#partyByServer(scans);
    } catch (error) {
      if (error instanceof Refused) return scans.map((scan) => this.#notAllowed(scan, this.#foundOf(scan), error));
      if (!(error instanceof Unreachable)) throw error;
      this.#lost();
      return this.#partyByList(scans, isKept);
    }
  }

  async #partyByServer(scans) {
    const path = `/producer/shows/${this.show.id}/checkin/party`;
    const body = {
      device_id: this.deviceName,
      direction: this.direction,
      scans: scans.map(({ id, attendee_id: attendee }) => ({ id, attendee_id: attendee })),
    };
    const { body: said } = await this.#api.ask("POST", path, { body, within: ANSWER_WITHIN_MS });
    this.#good();
    return said.items.map((item, place) => {
      const scan = scans[place];
      this.#settle(scan, item.result, item.attendee);
      const entry = this.#list?.entry(scan.attendee_id) ?? null;
      return this.#answer(scan, { result: item.result, by: "server", entry, said: item });
    });
  }

  // All that pass are kept in one transaction, or none.
  async #partyByList(scans, wasAsked) {
    const decided = scans.map((scan) => this.#decideByList(scan, this.#foundOf(scan)));
    const answers = scans.map((scan, place) => this.#answer(scan, { ...decided[place], by: "list" }));
    const passing = scans.filter((_, place) => PASSES.has(decided[place].result));
    const others = scans.filter((scan) => !passing.includes(scan));
    try {
      if (wasAsked) {
        for (const [place, scan] of scans.entries()) {
          const { result } = decided[place];
          const back = PASSES.has(result) ? {} : { undone_at: this.#clock.now() };
          await this.#ledger.change([scan.id], { state: "waiting", result, ...back });
        }
      } else {
        await this.#ledger.add(
          passing.map((scan) => ({ ...scan, state: "waiting", result: decided[scans.indexOf(scan)].result })),
        );
      }
    } catch (error) {
      this.#fullOf(error);
      return answers.map((answer) => (others.some(({ id }) => id === answer.id) ? answer : { ...answer, result: "not_kept" }));
    }
    this.#sender.kick();
    return answers;
  }

  #foundOf({ attendee_id: id }) {
    const entry = this.#list?.entry(id) ?? null;
    return entry ? { kind: "ticket", entry } : { kind: "unknown" };
  }

  // ---- Undo

  mayUndo(scan) {
    const isOwn = scan.state === "waiting" || scan.state === "taken";
    return isOwn && !scan.undone_at && this.#clock.now() - scan.at < UNDO_WITHIN_MS;
  }

  // Take scans back. They go up (once more) as undone, so it is the same with and without a network. Raises NotKept.
  undo(ids) {
    return this.#inLine(async () => {
      await this.#ledger.change(ids, { state: "waiting", undone_at: this.#clock.now() });
      this.#changed();
      this.#sender.kick();
    });
  }

  // ---- Looking people up

  // Parties for what was typed: {items, isFromList}. Raises Refused.
  async search(text) {
    if (this.#mayAsk()) {
      try {
        const path = `/producer/shows/${this.show.id}/checkin/search?q=${encodeURIComponent(text)}`;
        const { body } = await this.#api.ask("GET", path, { within: STATE_WITHIN_MS });
        return { items: body.items.map((item) => this.#foundOnline(item)), isFromList: false };
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.#lost();
      }
    }
    const entries = this.#list?.named(text) ?? [];
    return { items: entries.map((entry) => this.#foundOnList(entry)), isFromList: true };
  }

  #foundOnline(item) {
    const passed = this.#passages();
    const tickets = item.tickets.map((ticket) => {
      const known = { checked_in_at: ticket.checked_in_at, out_since: ticket.out_since };
      const { state } = standing(known, this.#ledger.isAhead(ticket.attendee_id) ? passed.get(ticket.attendee_id) : [], "");
      const isVoid = ticket.status === "void";
      return { id: ticket.attendee_id, name: ticket.name, type: ticket.ticket_name, isVip: ticket.is_vip, state, isVoid };
    });
    return { name: item.name, number: item.order_number, note: item.note ?? "", tickets };
  }

  #foundOnList(entry) {
    const all = this.#list.party(entry);
    const tickets = (all.length ? all : [entry]).map((each) => {
      const { name, type, isVip } = this.labelOf(each);
      return { id: each.id, name, type, isVip, state: this.standingOf(each).state, isVoid: each.status === "void" };
    });
    return { name: entry.name, number: "", note: entry.note ?? "", tickets };
  }

  // ---- Counts

  // {expected, admitted, out, inside, coming, types, perMinute, isOfAllDoors, own}.
  counts() {
    const now = this.#clock.now();
    const own = this.#ledger.own(this.show?.id);
    const mine = own.filter(({ result }) => goesIn(result)).length;
    if (this.isOnline && this.state) {
      return { ...this.state, perMinute: this.#paceOfAll(now), isOfAllDoors: true, own: mine };
    }
    if (!this.#list) return null;
    const passed = this.#passages();
    const sum = counted(this.#list, (entry) => standing(entry, passed.get(entry.id) ?? [], this.deviceName));
    return { ...sum, perMinute: paceOf(own, now), isOfAllDoors: false, own: mine };
  }

  #paceOfAll(now, minutes = 5) {
    const since = now - minutes * 60_000;
    const recent = (this.state.minutes ?? []).filter(({ at }) => Date.parse(at) > since);
    return recent.reduce((sum, each) => sum + each.admitted + each.readmitted, 0) / minutes;
  }

  // Who went in and should not have, by this device's scans: the newest first.
  async conflicts() {
    const all = await this.#store.all("conflicts");
    return all.filter(({ show_id: showId }) => showId === this.show?.id).reverse();
  }

  async dismissConflict(id) {
    await this.#store.remove("conflicts", id).catch(() => {});
    this.#changed();
  }

  // What the server said of scans that were sent: who went in wrongly is kept, and heard of.
  async hearReport(showId, items) {
    const wrong = items.filter((item) => item.conflict);
    for (const item of wrong) await this.#store.put("conflicts", { ...item, show_id: showId }).catch(() => {});
    if (items.length) this.#reached();
    this.dispatchEvent(new CustomEvent("reported", { detail: { items, wrong } }));
    this.#changed();
    if (this.link === "revoked" && !this.#ledger.waitingCount) await this.#store.remove("device", "device").catch(() => {});
  }

  // ---- The link

  // Whether the server may answer in time: nothing was lost lately. At first that is not known, and it is asked.
  #mayAsk() {
    if (this.#failures > 0) return false;
    return this.link === "starting" || (this.isOnline && performance.now() - this.#lastGood < LINK_GOOD_FOR_MS);
  }

  async #askState() {
    if (!this.show || this.link === "revoked" || this.link === "unpaired") return;
    const { id } = this.show;
    try {
      const path = `/producer/shows/${id}/checkin/state`;
      const { status, body, etag, took } = await this.#api.ask("GET", path, { etag: this.#etag, within: STATE_WITHIN_MS });
      if (this.show?.id !== id) return;
      if (status === 200) {
        this.state = body;
        this.#etag = etag;
        await this.#learn(Date.parse(body.as_of), took);
      }
      // A slow link is no link to wait for at a door.
      if (took < ANSWER_WITHIN_MS) this.#good();
      else this.#reached();
      if (status === 200) this.#changed();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #learn(server, took) {
    const before = this.#clock.offset;
    this.#clock.learn(server, took);
    if (Math.abs(this.#clock.offset - before) > 1000) await this.#keepSetting("offset", this.#clock.offset);
  }

  #good() {
    this.#lastGood = performance.now();
    this.#reached();
  }

  // The server answered, however slowly.
  #reached() {
    this.#failures = 0;
    if (this.link === "online" || this.link === "revoked" || this.link === "unpaired") return;
    const wasAway = this.link === "offline";
    this.#turn("online");
    this.#sender.kick();
    if (wasAway) this.refresh();
    this.#refreshOthers();
  }

  // One answer that was lost: go by the list until the next one comes.
  #lost() {
    this.#failures += 1;
    // One request may be lost on a good network.
    if (this.#failures > 1 && (this.link === "online" || this.link === "starting")) this.#turn("offline");
  }

  #fail(error) {
    if (error instanceof Refused) this.#hearRefusal(error);
    else if (error instanceof Unreachable) this.#lost();
    else throw error;
  }

  #hearRefusal(error) {
    if (error.code === "device_revoked") this.#beRevoked();
    else if (error.status === 401) this.#turn("unpaired");
    else this.#trouble("server", error.message);
  }

  // For the sender, whose token may be none.
  hearRefusal(error) {
    this.#hearRefusal(error);
  }

  async #beRevoked() {
    if (this.link === "revoked") return;
    this.#turn("revoked");
    this.#list = null;
    this.#others = [];
    this.#keys = [];
    this.#names.clear();
    this.state = null;
    await this.#store.change(["lists"], ({ lists }) => lists.clear()).catch(() => {});
    await this.#keepSetting("keys", []);
    this.#sender.kick();
    if (!this.#ledger.waitingCount) await this.#store.remove("device", "device").catch(() => {});
    this.#changed();
  }

  #turn(link) {
    if (this.link === link) return;
    this.link = link;
    this.#changed();
  }

  // ---- The list

  // Fetch what changed of the list.
  refresh() {
    this.#refreshing ??= this.#refreshed(this.show?.id).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refreshed(showId) {
    if (!showId || !this.#api || this.link === "revoked" || this.link === "unpaired") return;
    try {
      const record = await this.#fetched(showId);
      if (this.show?.id === showId) {
        this.#list = new TicketList(record);
        this.#trouble("list", "");
      }
    } catch (error) {
      if (error instanceof BadSignature || error instanceof UnusableList) this.#trouble("list", error.message);
      else if (error instanceof NotKept) this.#fullOf(error);
      else this.#fail(error);
    }
    this.#changed();
  }

  async #fetched(showId) {
    const before = (await this.#store.get("lists", showId)) ?? null;
    const canFollow = before && before.with_names === this.#withNames;
    let record;
    try {
      record = await this.#asked(showId, canFollow ? before : null);
    } catch (error) {
      if (!(error instanceof UnusableList) || !canFollow) throw error;
      record = await this.#asked(showId, null);
    }
    try {
      await this.#store.put("lists", record);
      this.#trouble("storage", "");
    } catch (error) {
      this.#fullOf(error);
    }
    return record;
  }

  async #asked(showId, before) {
    const names = this.#withNames ? "&names=true" : "";
    const since = before ? `&since=${encodeURIComponent(before.cursor)}` : "";
    const path = `/producer/shows/${showId}/checkin/list?version=2${names}${since}`;
    const { body, took } = await this.#api.ask("GET", path, { asText: true, within: 30_000 });
    const { content, isChecked } = await this.#opened(body);
    await this.#learn(Date.parse(content.issued_at), took);
    const fetchedAt = this.#clock.now();
    return { ...merged(before, content, { showId, fetchedAt, isChecked }), with_names: this.#withNames };
  }

  async #opened(text) {
    if (!this.#keys.length) await this.#fetchKeys();
    try {
      return await opened(text, this.#keys);
    } catch (error) {
      if (!error.isUnknownKey) throw error;
      await this.#fetchKeys();
      return opened(text, this.#keys);
    }
  }

  async #fetchKeys() {
    const { body } = await this.#api.ask("GET", "/producer/checkin/keys");
    this.#keys = body.keys;
    await this.#keepSetting("keys", body.keys);
  }

  async #openList() {
    const record = this.show ? await this.#store.get("lists", this.show.id) : null;
    this.#list = record ? new TicketList(record) : null;
    await this.#openOthers();
  }

  async #openOthers() {
    const records = await this.#store.all("lists");
    this.#others = records.filter((record) => record.show_id !== this.show?.id).map((record) => new TicketList(record));
  }

  // Lists of other shows of today: for a ticket to one of them the page says its title.
  async #refreshOthers() {
    const now = this.#clock.now();
    const isNear = ({ door_time: doors, end_time: end }) =>
      Date.parse(doors) - now < 12 * 3600_000 && Date.parse(end) > now - 3600_000;
    const near = this.shows.filter((show) => show.id !== this.show?.id && isNear(show)).slice(0, 6);
    try {
      for (const show of near) await this.#fetched(show.id);
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof Refused || error instanceof BadSignature)) throw error;
    }
    if (near.length) await this.#openOthers();
  }

  async #forgetOldLists() {
    const now = this.#clock.now();
    for (const { show_id: showId, show } of await this.#store.all("lists")) {
      if (Date.parse(show.end_time) < now - FORGET_LIST_AFTER_MS) await this.#store.remove("lists", showId).catch(() => {});
    }
  }

  async #askWhoIAm() {
    try {
      const { body } = await this.#api.ask("GET", "/producer/device");
      this.device = body;
      const kept = await this.#store.get("device", "device");
      if (kept) await this.#store.put("device", { ...kept, device: body }, "device");
      if (!this.show && this.#only()) await this.choose(this.#only().id);
      this.#changed();
    } catch (error) {
      if (!(error instanceof NotKept)) this.#fail(error);
    }
  }

  // ---- Words

  #fullOf(error) {
    if (!(error instanceof NotKept)) throw error;
    this.#trouble("storage", "This device cannot store any more. Free some space, or scan with another one.");
  }

  // For the sender: "" once it is over.
  hearTrouble(words) {
    this.#trouble("sending", words);
  }

  #trouble(about, words) {
    if ((this.troubles[about] ?? "") === words) return;
    this.troubles = { ...this.troubles, [about]: words };
    this.#changed();
  }

  async #keepSetting(name, value) {
    await this.#store.put("settings", value, name).catch(() => {});
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

// One label for a party: the name that all have, and how many there are of each type.
function labelOfAll(answers) {
  const labels = answers.map(({ label }) => label);
  const counts = new Map();
  for (const { type } of labels) counts.set(type, (counts.get(type) ?? 0) + 1);
  return {
    name: labels.every(({ name }) => name === labels[0].name) ? labels[0].name : "",
    type: [...counts].map(([type, count]) => `${count} × ${type}`).join(", "),
    isVip: labels.some(({ isVip }) => isVip),
    note: labels.find(({ note }) => note)?.note ?? "",
    number: labels[0].number,
  };
}
