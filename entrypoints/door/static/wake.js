// Keeps the screen on. The browser takes the lock back whenever the page is hidden, so it is asked for again.

export class WakeLock {
  #lock = null;
  #wanted = false;

  // `onState(isOn)` hears when the screen may turn dark, and when not.
  constructor({ onState }) {
    this.onState = onState;
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  async start() {
    this.#wanted = true;
    await this.#ask();
  }

  async #ask() {
    if (!this.#wanted || document.hidden || (this.#lock && !this.#lock.released)) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      this.#lock.addEventListener("release", () => this.onState(false));
      this.onState(true);
    } catch {
      // An old browser has none, and one that saves its battery gives none.
      this.onState(false);
    }
  }
}
