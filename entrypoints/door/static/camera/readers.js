// What reads the codes in a picture: the browser's own detector, or else zxing in a worker.

// A picture takes some hundredths of a second. A worker that is silent for so long will never answer.
const SILENT_MS = 10_000;
// One picture may fail, as one that was not there yet. A reader that fails so often in a row is replaced.
const FAILURES = 3;
const REPLACEMENTS = 3;

/** This browser needs the decoder, and the server has none. */
export class NotBuilt extends Error {}

/** The best reader that this browser has. If it breaks, another one takes its place. */
export class Reader {
  #reader;
  #failures = 0;
  #replacements = 0;

  /** Raises NotBuilt, or an error if the decoder could not be loaded. */
  static async open() {
    return new Reader((await OwnReader.open()) ?? (await WorkerReader.open()));
  }

  constructor(reader) {
    this.#reader = reader;
  }

  /** The codes in the video's picture, and the picture's size. Raises an error if no reader works any more. */
  async read(video) {
    try {
      const found = await this.#reader.read(video);
      this.#failures = 0;
      return found;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures === FAILURES) await this.#replace(error);
      return { codes: [], size: { width: 0, height: 0 } };
    }
  }

  // A browser's own detector may be there without what it works with: then the decoder takes over, too.
  async #replace(error) {
    if (this.#replacements === REPLACEMENTS) throw error;
    this.#replacements += 1;
    this.#failures = 0;
    this.#reader.close();
    this.#reader = await WorkerReader.open();
  }
}

// Android, macOS and ChromeOS have one.
class OwnReader {
  #detector;

  static async open() {
    try {
      const formats = await globalThis.BarcodeDetector?.getSupportedFormats();
      return formats?.includes("qr_code") ? new OwnReader() : null;
    } catch {
      return null;
    }
  }

  constructor() {
    this.#detector = new BarcodeDetector({ formats: ["qr_code"] });
  }

  async read(video) {
    const size = { width: video.videoWidth, height: video.videoHeight };
    const found = await this.#detector.detect(video);
    return { codes: found.map(({ rawValue, cornerPoints }) => ({ text: rawValue, corners: cornerPoints })), size };
  }

  close() {}
}

class WorkerReader {
  #worker;
  #waiting = new Map();
  #last = 0;

  static async open() {
    const answer = await fetch(new URL("decoder.json", import.meta.url));
    if (!(await answer.json()).built) throw new NotBuilt();
    const reader = new WorkerReader();
    try {
      await reader.#answer("ready");
    } catch (error) {
      reader.close();
      throw error;
    }
    return reader;
  }

  constructor() {
    this.#worker = new Worker(new URL("decoder-worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#take(data));
    this.#worker.addEventListener("error", (event) => this.#fail(event.message || "The decoder did not start"));
  }

  async read(video) {
    const bitmap = await createImageBitmap(video);
    const id = ++this.#last;
    this.#worker.postMessage({ id, bitmap }, [bitmap]);
    return this.#answer(id);
  }

  close() {
    this.#worker.terminate();
    this.#fail("The decoder was stopped");
  }

  #answer(id) {
    const { promise, resolve, reject } = deferred();
    const silent = setTimeout(() => reject(new Error("The decoder does not answer")), SILENT_MS);
    this.#waiting.set(id, { resolve, reject });
    return promise.finally(() => {
      clearTimeout(silent);
      this.#waiting.delete(id);
    });
  }

  #take({ id = "ready", error, ...answer }) {
    const waiting = this.#waiting.get(id);
    if (error) waiting?.reject(new Error(error));
    else waiting?.resolve(answer);
  }

  #fail(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
