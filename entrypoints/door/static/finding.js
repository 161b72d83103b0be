// Looking people up by a name or an order number, and a code typed by hand.

import { $, el, fill, text } from "./dom.js";
import { plainCode } from "./readings.js";

const LEAST = 2;
const WAIT_MS = 350;
const STATES = { new: "not in yet", in: "in", out: "out" };

export class Finding {
  #door;
  #onAnswer;
  #onCode;
  #timer = 0;
  #asked = 0;

  // `onCode(text)` for what is a code, `onAnswer(answer)` for what was let in by name.
  constructor({ door, onCode, onAnswer }) {
    this.#door = door;
    this.#onCode = onCode;
    this.#onAnswer = onAnswer;
    $("find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go();
    });
    $("find-text").addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), WAIT_MS);
    });
  }

  open() {
    $("find-text").value = "";
    this.#show([], "");
    $("find").showModal();
    $("find-text").focus();
  }

  #go() {
    clearTimeout(this.#timer);
    const typed = $("find-text").value;
    if (plainCode(typed)) this.#onCode(typed);
    else this.#look();
  }

  async #look() {
    const typed = $("find-text").value.trim();
    this.#asked += 1;
    const asked = this.#asked;
    if (typed.length < LEAST) return this.#show([], "");
    if (plainCode(typed)) return this.#show([], "This is a code: press Enter.");
    try {
      const { items, isFromList } = await this.#door.search(typed);
      // What was typed since has its own question.
      if (asked === this.#asked) this.#show(items, wordsOf(items, isFromList, this.#door));
    } catch (error) {
      this.#show([], error.message);
    }
  }

  #show(items, words) {
    text($("find-state"), words);
    fill($("find-list"), JSON.stringify(items), () => items.map((item) => this.#row(item)));
  }

  #row({ name, number, note, tickets }) {
    const isOut = this.#door.direction === "out";
    const passable = tickets.filter((ticket) => !ticket.isVoid && (isOut ? ticket.state === "in" : ticket.state !== "in"));
    const verb = isOut ? "out" : "in";
    const all = passable.length > 1 ? `Let all ${passable.length} ${verb}` : `Let 1 ${verb}`;
    return el(
      "li",
      {},
      el("b", {}, name || "An order"),
      el("small", {}, [number, note].filter(Boolean).join(" · ")),
      el("ul", { class: "tickets" }, ...tickets.map((ticket) => this.#ticket(ticket, passable, verb))),
      passable.length
        ? el("button", { class: "button first", onclick: () => this.#letPass(passable) }, all, el("span", { class: "hidden" }, `: ${name}`))
        : null,
    );
  }

  #ticket(ticket, passable, verb) {
    const who = [ticket.type, ticket.name].filter(Boolean).join(" · ");
    const words = [ticket.isVip ? "VIP" : "", ticket.isVoid ? "void" : STATES[ticket.state]].filter(Boolean).join(", ");
    const canPass = passable.length > 1 && passable.includes(ticket);
    return el(
      "li",
      {},
      el("span", { class: "what" }, who, el("small", {}, words)),
      canPass
        ? el("button", { class: "button", onclick: () => this.#letPass([ticket]) }, `Only this ${verb}`, el("span", { class: "hidden" }, `: ${who}`))
        : null,
    );
  }

  async #letPass(tickets) {
    $("find").close();
    this.#onAnswer(await this.#door.letPass(tickets.map(({ id }) => id)));
  }
}

function wordsOf(items, isFromList, door) {
  if (items.length) return isFromList ? "From the list on this device." : "";
  if (!isFromList) return "No order of this show is found by that.";
  if (door.list?.hasNames) return "The list on this device has no such name.";
  return "There is no network, and this device keeps no names. A code can be typed: the 24 letters and digits under the picture.";
}
