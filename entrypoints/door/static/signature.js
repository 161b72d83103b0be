// Signed lists: a JSON Web Signature in compact form, by Ed25519 (RFC 7515, RFC 8037).

// The list is not what the server signed.
export class BadSignature extends Error {
  constructor(why) {
    super(why);
    this.name = "BadSignature";
  }
}

// The content of the text, and whether its signature was checked: {content, isChecked}. `keys` are JSON Web Keys. A
// browser without Ed25519 (Chrome before 137, Safari before 17, Firefox before 129) cannot check it: it takes the list,
// which came by TLS from the server that the app itself came from, and the page says so.
// Raises BadSignature; its `isUnknownKey` says that other keys may help.
export async function opened(text, keys) {
  const [head, payload, signature, more] = text.trim().split(".");
  if (!signature || more !== undefined) throw new BadSignature("The list is cut off");
  const { alg, kid } = parsed(head);
  if (alg !== "EdDSA") throw new BadSignature("The list is signed in another way");
  const known = keys.find((key) => key.kid === kid);
  if (!known) throw Object.assign(new BadSignature("The list is signed with an unknown key"), { isUnknownKey: true });
  const key = await imported(known);
  if (key) {
    const signed = new TextEncoder().encode(`${head}.${payload}`);
    const isGood = await crypto.subtle.verify("Ed25519", key, fromBase64(signature), signed);
    if (!isGood) throw new BadSignature("The signature of the list is wrong");
  }
  return { content: parsed(payload), isChecked: key !== null };
}

async function imported({ kty, crv, x }) {
  try {
    return await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") return null;
    throw new BadSignature("The key of the list is broken");
  }
}

function parsed(part) {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64(part)));
  } catch {
    throw new BadSignature("The list cannot be read");
  }
}

export function fromBase64(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

export function toBase64(bytes) {
  const plain = btoa(String.fromCharCode(...bytes));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
