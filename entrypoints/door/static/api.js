// Requests to the producer API, as docs/door-protocol.md describes it.

const PATIENCE_MS = 10_000;

// No answer that counts: no network, no answer in time, or a server that cannot now. The list decides then.
export class Unreachable extends Error {
  constructor(why, retryAfter = 0) {
    super(why);
    this.name = "Unreachable";
    this.retryAfterMs = retryAfter * 1000;
  }
}

// The server understood, and said no.
export class Refused extends Error {
  constructor(status, { code = "", message = "", field = "" }) {
    super(message || `The server answered ${status}`);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.field = field ?? "";
  }
}

export class Api {
  #token;

  constructor(token = null) {
    this.#token = token;
  }

  // `within` are the milliseconds that an answer may take. Answers {status, body, etag, took}; the body is null of a 304.
  async ask(method, path, { body, within = PATIENCE_MS, etag = null, asText = false } = {}) {
    const began = performance.now();
    const headers = {
      ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(etag ? { "If-None-Match": etag } : {}),
    };
    let answer, text;
    try {
      const signal = AbortSignal.timeout(within);
      const sent = body === undefined ? undefined : JSON.stringify(body);
      answer = await fetch(`/api/v1${path}`, { method, headers, body: sent, signal, cache: "no-store" });
      text = await answer.text();
    } catch (error) {
      throw new Unreachable(error.name === "TimeoutError" ? "No answer in time" : "No network");
    }
    const took = performance.now() - began;
    const { status } = answer;
    if (status >= 500 || status === 429 || status === 408) {
      throw new Unreachable(`The server answered ${status}`, Number(answer.headers.get("Retry-After")) || 0);
    }
    if (status >= 400) throw new Refused(status, parsed(text));
    // What a hotel's network answers in our place is no answer of ours.
    if (status !== 304 && status >= 300) throw new Unreachable(`The server answered ${status}`);
    if (status === 304) return { status, body: null, etag, took };
    const content = asText ? text : parsed(text, true);
    return { status, body: content, etag: answer.headers.get("ETag"), took };
  }
}

function parsed(text, isNeeded = false) {
  try {
    return JSON.parse(text);
  } catch {
    if (isNeeded) throw new Unreachable("The answer is not our server's");
    return {};
  }
}
