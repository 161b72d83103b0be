// What the camera saw over time: a ticket that is held still is one reading, and a ticket that comes back is another.

// A code that is not seen for so long was taken away. Shorter than that, a hand was shaking.
const GONE_MS = 2000;
// Of two tickets in view, one is often unreadable for a moment. The other one is not meant yet.
const SETTLED_MS = 700;

export class Sightings {
  #read = new Map(); // codes that were read, and when they were last in view
  #rivals = new Map(); // codes that were in view together, and when
  #severalAt = -Infinity;

  /** What is new in a picture: { text } to be read, { several: true }, or null. `now` is in ms. */
  add({ text, several, inView }, now) {
    const isStillHere = this.#isStillHere(text, now);
    for (const each of inView) if (this.#isStillHere(each, now)) this.#read.set(each, now);
    if (several) return this.#addSeveral(inView, now);
    if (text === null || isStillHere || now - (this.#rivals.get(text) ?? -Infinity) < SETTLED_MS) return null;
    this.#forget(now);
    this.#read.set(text, now);
    return { text };
  }

  #addSeveral(inView, now) {
    const isNew = now - this.#severalAt >= GONE_MS;
    this.#severalAt = now;
    for (const each of inView) this.#rivals.set(each, now);
    return isNew ? { several: true } : null;
  }

  #isStillHere(text, now) {
    return now - (this.#read.get(text) ?? -Infinity) < GONE_MS;
  }

  // Thousands of codes pass in an evening.
  #forget(now) {
    for (const seen of [this.#read, this.#rivals]) {
      for (const [text, at] of seen) if (now - at >= GONE_MS) seen.delete(text);
    }
  }
}
