// Finds the number for a challenge of ALTCHA, in a worker beside the page, which stays responsive.
"use strict";

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

self.addEventListener("message", async ({ data: { algorithm, challenge, maxnumber, salt, signature } }) => {
  const encoder = new TextEncoder();
  for (let number = 0; number <= maxnumber; number++) {
    const found = await crypto.subtle.digest(algorithm, encoder.encode(salt + number));
    if (hex(found) === challenge) {
      self.postMessage(btoa(JSON.stringify({ algorithm, challenge, number, salt, signature })));
      return;
    }
  }
  self.postMessage("");
});
