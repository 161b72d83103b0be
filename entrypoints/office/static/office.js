// What is better with a script: a form that was sent does not go out twice, and errors are read out first.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent || event.defaultPrevented) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") {
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-disabled", "true");
  }
});

// A page that the back button brings back can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
  }
});

document.getElementById("problems")?.focus();

// The menu of what is seldom needed closes when the person goes on elsewhere.
const seldom = document.querySelector(".seldom details");
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    if (seldom?.open && !seldom.contains(event.target)) seldom.open = false;
  });
}
seldom?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !seldom.open) return;
  seldom.open = false;
  seldom.querySelector("summary").focus();
});

// Work that goes on: its bar is renewed every two seconds, and the page once it has ended. A hidden page asks nothing.
const RENEW_MS = 2000;
const watched = document.querySelectorAll("[data-renew]");

async function renew(bar) {
  try {
    const answer = await fetch(bar.dataset.renew, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const fresh = holder.content.firstElementChild;
    if (!fresh.dataset.renew) location.reload();
    else bar.replaceWith(fresh);
  } catch {
    // The next time may go better.
  }
}

if (watched.length) {
  setInterval(() => {
    if (document.visibilityState === "visible") document.querySelectorAll("[data-renew]").forEach(renew);
  }, RENEW_MS);
}
