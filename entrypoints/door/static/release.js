// The service worker: the app opens without a network, and a new release waits for a calm moment.

const LOOK_EVERY_MS = 10 * 60_000;

export class Release {
  #registration = null;

  // `onWaiting()` hears that a new release is there and waits.
  constructor({ onWaiting }) {
    this.onWaiting = onWaiting;
  }

  async start() {
    const { serviceWorker } = navigator;
    if (!serviceWorker) return;
    try {
      this.#registration = await serviceWorker.register("/door/sw.js", { scope: "/door", updateViaCache: "none" });
    } catch {
      return;
    }
    this.#watch(this.#registration.installing);
    this.#registration.addEventListener("updatefound", () => this.#watch(this.#registration.installing));
    if (this.isWaiting) this.onWaiting();
    setInterval(() => this.#registration.update().catch(() => {}), LOOK_EVERY_MS);
  }

  // Not the page's controller is asked: now and then a browser leaves a page without one, also after it was claimed.
  get isWaiting() {
    return Boolean(this.#registration?.waiting && this.#registration.active);
  }

  // Whether the app opens without a network.
  get isKept() {
    return Boolean(this.#registration?.active);
  }

  // Load the new release, at a calm moment.
  take() {
    if (!this.isWaiting) return;
    const { waiting } = this.#registration;
    waiting.addEventListener("statechange", () => waiting.state === "activated" && location.reload());
    waiting.postMessage("take over");
  }

  #watch(worker) {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && this.isWaiting) this.onWaiting();
    });
  }
}
