// A hand scanner that types. Its pace tells it from a person, wherever the focus is and on any layout:
// what it typed is read by the keys' characters, and by the keys' places, which a layout does not change.

import { isLongEnough } from "./readings.js";

// A key after a longer pause begins a new text. Scanners over Bluetooth are the slowest: some 50 ms a key.
const LONGEST_PAUSE_MS = 250;
// No person types 24 characters at this pace.
const SCANNERS_PACE_MS = 60;
// A scanner without a suffix is done when it is silent for so long.
const SILENCE_MS = 300;
// More is no code: someone leans on a key.
const MOST_KEYS = 200;
const ENDS = new Set(["Enter", "Tab", "NumpadEnter"]);

export class TypingScanner {
  #onText;
  #keys = [];
  #field = null;
  #silence = 0;

  // `onText({text, physical, typedAt})`: the characters, and what a US keyboard has at the places of the keys.
  constructor({ onText }) {
    this.#onText = onText;
  }

  // Listen on a document. Answers the function that ends it.
  listen(target) {
    const hear = (event) => this.#hear(event);
    target.addEventListener("keydown", hear, { capture: true });
    return () => {
      target.removeEventListener("keydown", hear, { capture: true });
      clearTimeout(this.#silence);
    };
  }

  #hear(event) {
    if (event.ctrlKey && !event.altKey) return;
    if (event.metaKey || event.isComposing) return;
    if (ENDS.has(event.key) || event.code === "NumpadEnter") {
      // The suffix must not press the button or leave the field that has the focus.
      if (this.#ended()) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      this.#keys = [];
      return;
    }
    if (event.key.length > 2 && event.key !== "Dead" && event.key !== "Unidentified") return;
    const pause = this.#keys.length ? event.timeStamp - this.#keys.at(-1).at : Infinity;
    if (pause > LONGEST_PAUSE_MS || this.#keys.length >= MOST_KEYS) this.#begin(event.target);
    this.#keys.push({ character: event.key.length > 2 ? "" : event.key, place: placeOf(event), at: event.timeStamp });
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#ended(), SILENCE_MS);
  }

  #begin(target) {
    this.#keys = [];
    const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    this.#field = isField ? { element: target, before: target.value } : null;
  }

  // Whether a scanner typed what came. Then it is passed on, and the field that had the focus is as it was.
  #ended() {
    clearTimeout(this.#silence);
    const keys = this.#keys;
    if (!this.#isScanner(keys)) return false;
    this.#keys = [];
    if (this.#field) this.#field.element.value = this.#field.before;
    const text = keys.map((key) => key.character).join("");
    this.#onText({ text, physical: keys.map((key) => key.place).join(""), typedAt: performance.now() });
    return true;
  }

  // By the keys' own times: a busy page hears of them late, and is not silent for that.
  #isScanner(keys) {
    if (!keys.length || !isLongEnough(keys.map((key) => key.character || key.place).join(""))) return false;
    return (keys.at(-1).at - keys[0].at) / (keys.length - 1) <= SCANNERS_PACE_MS;
  }
}

// What a US keyboard has on the key: a letter or a digit, or nothing that a code has.
function placeOf({ code }) {
  const [, letter, digit] = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(code ?? "") ?? [];
  return letter ?? digit ?? "";
}
