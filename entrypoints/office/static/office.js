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
