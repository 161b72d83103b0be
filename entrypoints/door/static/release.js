// The service worker: the app opens without a network, and a new release waits for a calm moment.

const LOOK_EVERY_MS = 10 * 60_000;

export class Release {
  #registration = null;
  #isTakingOver = false;

  // `onWaiting()` hears that a new release is there and waits.
  constructor({ onWaiting }) {
    this.onWaiting = onWaiting;
  }

  async start() {
    const { serviceWorker } = navigator;
    if (!serviceWorker) return;
    serviceWorker.addEventListener("controllerchange", () => {
      // The first one takes over a page that had none: nothing to load again.
      if (this.#isTakingOver) location.reload();
    });
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

  get isWaiting() {
    return Boolean(this.#registration?.waiting && navigator.serviceWorker.controller);
  }

  // Whether the app opens without a network.
  get isKept() {
    return Boolean(this.#registration?.active);
  }

  // Load the new release, at a calm moment.
  take() {
    if (!this.isWaiting) return;
    this.#isTakingOver = true;
    this.#registration.waiting.postMessage("take over");
  }

  #watch(worker) {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && this.isWaiting) this.onWaiting();
    });
  }
}
