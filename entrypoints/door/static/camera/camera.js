// The camera of the door: reads codes from its picture about ten times a second, and says what goes wrong in words that
// the person at the door can act on.
import { choose } from "./choosing.js";
import { chooseNext, closeCamera, hasLight, light, listCameras, openCamera, Trouble, WORDS } from "./devices.js";
import { NotBuilt, Reader } from "./readers.js";
import { Sightings } from "./sightings.js";

const PICTURE_EVERY_MS = 100;
// Where the browser does not say that a picture is new, as for a video that is not drawn, look all the same.
const NO_PICTURE_MS = 250;

/**
 * `video` shows the picture. `onCode({ text, seenAt, decodedAt })` is called each time that a code is shown to it: both
 * times are performance.now's, when the picture was taken and when it was decoded. `onSeveral()`: two codes of like size
 * are in view, and neither is read. `onState(state, words)`: "off", "starting", "on", "refused", "none", "not_built",
 * "failed". `looksRight(text)` tells codes of tickets from others, such as a poster's.
 */
export class Camera {
  #video;
  #onCode;
  #onSeveral;
  #onState;
  #looksRight;
  #opening = null; // the reader, or a promise of it
  #stream = null;
  #isWanted = false;
  #run = 0; // grows with each start and each stop: what belongs to an earlier one ends

  constructor({ video, onCode, onSeveral, onState, looksRight = () => true }) {
    this.#video = video;
    this.#onCode = onCode;
    this.#onSeveral = onSeveral;
    this.#onState = onState;
    this.#looksRight = looksRight;
    video.muted = true;
    video.playsInline = true;
    document.addEventListener("visibilitychange", () => this.#followTheTab());
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#followTheDevices());
  }

  /** Whether this camera has a light. */
  get canLight() {
    return hasLight(this.#track);
  }

  /** Starts the camera, or starts it again. It never raises: `onState` says what came of it. */
  async start() {
    this.#isWanted = true;
    this.#release();
    // A hidden tab has no camera. It starts when the tab is seen.
    if (document.hidden) return;
    const run = this.#run;
    this.#onState("starting", "");
    try {
      await this.#open(run);
    } catch (error) {
      this.#fail(error, run);
    }
  }

  /** Stops the camera. Nothing shows any more that it is in use. */
  stop() {
    this.#isWanted = false;
    this.#release();
    this.#onState("off", "");
  }

  /** Goes on with the next camera, if there are several. */
  async useNext() {
    if (await chooseNext(this.#track)) await this.start();
  }

  /** Switches the camera's light. Whether it is on then. */
  async torch(on) {
    return light(this.#track, on);
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  async #open(run) {
    // The decoder loads while the person is asked whether the page may use the camera.
    const [opened, loaded] = await Promise.allSettled([openCamera(), this.#reader()]);
    if (run !== this.#run || opened.reason || loaded.reason) closeCamera(opened.value);
    if (run !== this.#run) return;
    if (opened.reason) throw opened.reason;
    if (loaded.reason) throw unreadable(loaded.reason, WORDS.unloaded);
    this.#stream = opened.value;
    this.#followTheTrack(this.#track, run);
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    if (run !== this.#run) return;
    this.#onState("on", "");
    this.#watch(loaded.value, run).catch((error) => this.#giveUp(error, run));
  }

  #giveUp(error, run) {
    this.#opening = null; // so the next start tries another reader
    this.#fail(unreadable(error, WORDS.broken), run);
  }

  async #reader() {
    this.#opening ??= Reader.open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = null; // so the next start tries again
      throw error;
    }
  }

  // One picture at a time: those that come while it is read are left out.
  async #watch(reader, run) {
    const sightings = new Sightings();
    while (run === this.#run) {
      const seenAt = performance.now();
      const { codes, size } = await reader.read(this.#video);
      if (run !== this.#run) return;
      const decodedAt = performance.now();
      const news = sightings.add(choose(codes, size, this.#looksRight), decodedAt);
      if (news?.several) this.#onSeveral();
      else if (news) this.#onCode({ text: news.text, seenAt, decodedAt });
      await pause(PICTURE_EVERY_MS - (performance.now() - seenAt));
      await nextPicture(this.#video);
    }
  }

  #fail(error, run) {
    if (run !== this.#run) return;
    this.#release();
    const { state, words } = Trouble.of(error);
    this.#onState(state, words);
  }

  #release() {
    this.#run += 1;
    closeCamera(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }

  #followTheTrack(track, run) {
    track.addEventListener("ended", () => this.#fail(new Trouble("failed", WORDS.gone), run));
    track.addEventListener("mute", () => run === this.#run && this.#onState("starting", WORDS.paused));
    track.addEventListener("unmute", () => run === this.#run && this.#onState("on", ""));
  }

  #followTheTab() {
    if (!this.#isWanted) return;
    if (!document.hidden) {
      this.start();
    } else {
      this.#release();
      this.#onState("off", "");
    }
  }

  // A camera that was plugged in again starts again.
  async #followTheDevices() {
    if (this.#isWanted && !this.#stream && !document.hidden && (await listCameras()).length) await this.start();
  }
}

function unreadable(error, words) {
  return error instanceof NotBuilt ? new Trouble("not_built", WORDS.not_built) : new Trouble("failed", words);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function nextPicture(video) {
  return Promise.race([
    pause(NO_PICTURE_MS),
    new Promise((resolve) => video.requestVideoFrameCallback?.(resolve)),
  ]);
}
