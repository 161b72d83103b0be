// The camera has not been built into this installation.
export class Camera {
  #onState;

  constructor({ onState }) {
    this.#onState = onState;
  }

  async start() {
    this.#onState("not_built");
  }

  stop() {}

  async useNext() {}

  async torch() {}
}
