// Reads QR codes beside the page, which stays responsive. It takes { id, bitmap } and answers { id, codes, size,
// stretched } or { id, error }. Its first message is { ready: true }, or { error } if the decoder does not load.
import { stretch } from "./contrast.js";

// The wasm takes 11 to 16 ms for 1280 x 720, and a code that is held to a phone needs no more.
const LARGEST_SIDE = 1280;
// All other formats would take five times as long. With one symbol it would answer the smaller of two.
const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 4 };

const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
let readBarcodes;

self.addEventListener("message", async ({ data: { id, bitmap } }) => {
  try {
    self.postMessage({ id, ...(await read(bitmap)) });
  } catch (error) {
    self.postMessage({ id, error: String(error) });
  }
});

async function read(bitmap) {
  const picture = pixelsOf(bitmap);
  const size = { width: picture.width, height: picture.height };
  const codes = await codesIn(picture);
  if (codes.length || !stretch(picture)) return { codes, size, stretched: false };
  return { codes: await codesIn(picture), size, stretched: true };
}

function pixelsOf(bitmap) {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.round(bitmap.width * scale);
  const height = Math.round(bitmap.height * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

async function codesIn(picture) {
  const found = await readBarcodes(picture, OPTIONS);
  return found.filter((code) => code.isValid).map(({ text, position }) => ({
    text,
    corners: [position.topLeft, position.topRight, position.bottomRight, position.bottomLeft],
  }));
}

// Not a static import: where the decoder is missing, that would fail without a word.
async function prepare() {
  const zxing = await import("./zxing/reader/index.js");
  const locateFile = (name) => new URL(`zxing/${name}`, import.meta.url).href;
  await zxing.prepareZXingModule({ overrides: { locateFile }, fireImmediately: true });
  readBarcodes = zxing.readBarcodes;
}

prepare().then(
  () => self.postMessage({ ready: true }),
  (error) => self.postMessage({ error: String(error) }),
);
