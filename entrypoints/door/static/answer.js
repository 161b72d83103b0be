// The answer: the whole screen, until the next scan or a tap.

import { faceOf } from "./faces.js";
import { $, el, text } from "./dom.js";

export class AnswerScreen {
  #door;
  #sounds;
  #times;
  #answer = null;
  #before = null;

  // `times()` are those of the show that is scanned.
  constructor({ door, sounds, times }) {
    this.#door = door;
    this.#sounds = sounds;
    this.#times = times;
    $("answer").addEventListener("click", (event) => this.#tapped(event));
    $("answer-next").addEventListener("click", () => this.close());
    $("answer-party").addEventListener("click", () => this.#letAllIn());
    $("answer-undo").addEventListener("click", () => this.#undo());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) this.close();
    });
  }

  get isOpen() {
    return !$("answer").hidden;
  }

  // Show it now: all of it in one go, and only then the sound.
  show(answer) {
    const face = faceOf(answer, this.#times());
    this.#answer = answer;
    const screen = $("answer");
    screen.dataset.tone = face.tone;
    screen.dataset.result = answer.result;
    $("answer-sign").setAttribute("href", `#sign-${face.sign}`);
    text($("answer-way"), this.#door.mayExit ? (answer.direction === "out" ? "On the way out" : "On the way in") : "");
    text($("answer-word"), face.word);
    $("answer-vip").hidden = !face.isVip;
    text($("answer-label"), face.label);
    $("answer-lines").replaceChildren(...face.lines.map((line) => el("p", {}, line)));
    $("answer-note").hidden = !face.note;
    text($("answer-note"), face.note);
    this.#offer(answer, face);
    this.#open(screen);
    // Read out also where the words are those of the answer before.
    $("say").replaceChildren(el("span", {}, face.say));
    this.#sounds.play(face.sound);
  }

  #offer(answer, face) {
    const { party } = answer;
    const isParty = face.tone !== "stop" && face.tone !== "look" && party?.ids.length > 0;
    $("answer-party").hidden = !isParty;
    if (isParty) text($("answer-party"), `Let all ${party.ids.length + 1} ${answer.direction}`);
    $("answer-undo").hidden = !this.#undoable(answer).length;
  }

  #undoable(answer) {
    const ids = answer.ids ?? [answer.id];
    return ids.filter((id) => {
      const scan = this.#door.ledger.get(id);
      return scan && this.#door.mayUndo(scan);
    });
  }

  #open(screen) {
    if (screen.hidden) this.#before = document.activeElement;
    for (const sheet of document.querySelectorAll("dialog[open]")) sheet.close();
    screen.hidden = false;
    screen.scrollTop = 0;
    $("app").inert = true;
    $("answer-next").focus({ preventScroll: true });
  }

  close() {
    $("answer").hidden = true;
    $("app").inert = false;
    $("say").replaceChildren();
    this.#answer = null;
    if (this.#before?.isConnected && this.#before !== document.body) this.#before.focus({ preventScroll: true });
  }

  #tapped(event) {
    if (!event.target.closest("button")) this.close();
  }

  async #letAllIn() {
    const { party, id, ids = [id] } = this.#answer;
    const done = await this.#door.letPass(party.ids);
    // The one that was scanned is one of them.
    const all = { result: "party", passed: done.passed + ids.length, of: done.of + ids.length, ids: [...ids, ...done.ids] };
    const label = { ...done.label, type: "", isVip: done.label.isVip || this.#answer.label.isVip };
    this.show(done.passed > 0 ? { ...done, ...all, label } : done);
  }

  async #undo() {
    const ids = this.#undoable(this.#answer);
    try {
      await this.#door.undo(ids);
      this.close();
      $("say-softly").replaceChildren(el("span", {}, ids.length === 1 ? "Taken back" : `${ids.length} taken back`));
    } catch {
      this.show({ ...this.#answer, result: "not_kept" });
    }
  }
}
