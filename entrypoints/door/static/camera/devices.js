// The cameras of this device: opening one, the next one, its light, and what keeps it from starting.

// A code that is held to a phone is large: more pixels take longer to read and find no more.
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 } };
// Which camera was chosen on this device. If a browser loses it, a person chooses again.
const CHOSEN = "piquetickets-door-camera";

export const WORDS = {
  refused: "The camera is not allowed here. Allow it in the browser's settings for this page, then start it again.",
  none: "There is no camera. Plug one in, or use a hand scanner, or type the name.",
  not_built: "This server has no decoder for the camera's picture. Use a hand scanner, or type the name.",
  insecure: "Cameras work only at an address with https. Open the door at its secure address.",
  taken: "The camera does not start. Close what else uses it, then start it again.",
  gone: "The camera was unplugged or taken away. It starts again when it is back.",
  paused: "The phone has paused the camera. It goes on when the phone lets it.",
  unloaded: "The decoder could not be loaded. Go where there is a network once, then start the camera again.",
  broken: "The camera's picture cannot be read. Close this page and open it again.",
};

// What browsers call it, and the state that it is.
const STATES = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
};

/** What keeps the camera from working: a state, and words for the person at the door. */
export class Trouble extends Error {
  constructor(state, words) {
    super(words);
    this.state = state;
    this.words = words;
  }

  static of(error) {
    if (error instanceof Trouble) return error;
    const state = STATES[error.name];
    return state ? new Trouble(state, WORDS[state]) : new Trouble("failed", WORDS.taken);
  }
}

/** The picture of the camera that was chosen, or of the one that looks away from the person. Raises Trouble. */
export async function openCamera() {
  // Browsers leave it out at an address that is not secure.
  if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("failed", WORDS.insecure);
  const deviceId = recall();
  const which = deviceId ? { deviceId: { ideal: deviceId } } : { facingMode: "environment" };
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...PICTURE, ...which } });
    await keepSharp(stream.getVideoTracks()[0]);
    return stream;
  } catch (error) {
    throw Trouble.of(error);
  }
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Makes the camera after this one the chosen one. Whether there is another one. */
export async function chooseNext(track) {
  const cameras = await listCameras();
  if (cameras.length < 2) return false;
  const present = cameras.findIndex((device) => device.deviceId === track?.getSettings().deviceId);
  remember(cameras[(present + 1) % cameras.length].deviceId);
  return true;
}

export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((device) => device.kind === "videoinput");
}

export function hasLight(track) {
  return Boolean(track?.getCapabilities?.().torch);
}

/** Switches the light. Whether it is on then. */
export async function light(track, on) {
  if (!hasLight(track)) return false;
  return change(track, { torch: on }).then((done) => done && on);
}

// Some phones focus once, when the camera opens.
async function keepSharp(track) {
  if (track.getCapabilities?.().focusMode?.includes("continuous")) await change(track, { focusMode: "continuous" });
}

async function change(track, constraint) {
  try {
    await track.applyConstraints({ advanced: [constraint] });
    return true;
  } catch {
    return false;
  }
}

// A browser may keep nothing, or refuse to be asked.
function recall() {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}

function remember(deviceId) {
  try {
    localStorage.setItem(CHOSEN, deviceId);
  } catch {
    // Then it is the usual camera again next time.
  }
}
