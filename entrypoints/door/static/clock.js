// The time as the server has it: a device's own clock may be wrong by days. Times are milliseconds since 1970.

// Less is the way that an answer takes.
const WRONG_FROM_MS = 60_000;
const SET_BACK_FROM_MS = 2_000;

export class Clock {
  #device;
  #offset;
  #latest = 0;

  // `offset` is what was learned before the page was opened: the server's time less the device's.
  constructor({ offset = 0, device = () => Date.now() } = {}) {
    this.#device = device;
    this.#offset = offset;
  }

  now() {
    const now = this.#device() + this.#offset;
    // Someone sets the clock back while there is no network: time goes on all the same.
    if (now < this.#latest - SET_BACK_FROM_MS) this.#offset += this.#latest - now;
    this.#latest = Math.max(this.#latest, this.#device() + this.#offset);
    return this.#latest;
  }

  // The server said that it is `server`, in an answer that took `took` milliseconds.
  learn(server, took) {
    this.#offset = server + took / 2 - this.#device();
    this.#latest = 0;
  }

  get offset() {
    return this.#offset;
  }

  // By how many milliseconds the device's clock is wrong, 0 where it is not worth a word.
  get wrongBy() {
    return Math.abs(this.#offset) < WRONG_FROM_MS ? 0 : -this.#offset;
  }
}
