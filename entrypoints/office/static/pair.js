// A browser becomes a scanner: the code comes with the link or is typed, and the secret stays in this browser's own
// database, where the door's page finds it. A till's code goes the way of the form, for a cookie.
"use strict";

const NAME = "piquetickets-door";
const STORE = "device";
const LOST =
  "No answer came. Please look whether there is a network, and press again. If the code was used by then, the office makes another one: Devices, the name, “Pair again”.";
const NOT_KEPT =
  "This browser may not store any more, so it cannot be a scanner. Free some space, or allow it to store data. The code was not used.";

const form = document.querySelector("[data-pair]");
const problem = form.querySelector("[data-problem]");
const state = form.querySelector("[data-state]");

// The code of the link: it leaves the address at once, so that no history and no picture of the screen has it.
const linked = decodeURIComponent(location.hash.slice(1));
if (linked) {
  form.elements.code.value = linked.slice(0, form.elements.code.maxLength);
  history.replaceState(null, "", location.pathname);
  form.querySelector("button").focus();
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// The database of the door's page. It has a later version where that page was open before; all of them have the store.
async function opened() {
  const asked = indexedDB.open(NAME);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
  const database = await done(asked);
  database.onversionchange = () => database.close(); // the door's page brings a later version
  return database;
}

// Resolves once it is kept, also past a power cut.
function keep(database, work) {
  return new Promise((resolve, reject) => {
    const change = database.transaction(STORE, "readwrite", { durability: "strict" });
    change.oncomplete = resolve;
    change.onabort = () => reject(change.error);
    work(change.objectStore(STORE));
  });
}

function say(words, isWrong) {
  state.textContent = isWrong ? "" : words;
  problem.textContent = isWrong ? words : "";
  problem.hidden = !isWrong;
}

// Whether this browser keeps what it is given, before the code is used up for it.
async function ready() {
  const database = await opened();
  await keep(database, (store) => {
    store.put({ token: "x".repeat(1024) }, "trial");
    store.delete("trial");
  });
  return database;
}

async function pair() {
  say("Pairing …");
  let database;
  try {
    database = await ready();
  } catch {
    if (globalThis.indexedDB) return say(NOT_KEPT, true);
    return byForm();
  }
  let answer, body;
  try {
    answer = await fetch("/api/v1/devices/pair", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code: form.elements.code.value, kind: "scanner" }),
    });
    body = await answer.json();
  } catch {
    return say(LOST, true);
  }
  if (answer.ok) {
    await keep(database, (store) => store.put({ token: body.token, device: body.device }, "device"));
    database.close();
    say(`Paired: ${body.device.name}`);
    location.assign("/door");
  } else if (body.code === "other_device_kind") {
    byForm();
  } else {
    say(body.code === "not_found" ? "There is no such code. Please compare it with what the office shows." : `${body.message}.`, true);
  }
}

// A till, or a code that is for neither: the server says which.
function byForm() {
  form.dataset.byForm = "yes";
  form.requestSubmit();
}

form.addEventListener("submit", async (event) => {
  if (form.dataset.byForm) {
    delete form.dataset.byForm;
    return;
  }
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  try {
    await pair();
  } catch {
    say(LOST, true);
  } finally {
    delete form.dataset.busy;
  }
});

(async () => {
  try {
    const database = await opened();
    const known = await done(database.transaction(STORE, "readonly").objectStore(STORE).get("device"));
    database.close();
    if (!known?.device) return;
    document.querySelector("[data-scanner-name]").textContent = known.device.name;
    document.querySelector("[data-scanner]").hidden = false;
  } catch {
    // It is no scanner, or may not store anything: pairing says so.
  }
})();
