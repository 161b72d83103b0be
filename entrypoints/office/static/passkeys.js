// Forms with data-passkey="create" or "get" ask the browser for a passkey, and then go out as any other form.
"use strict";

const known =
  window.PublicKeyCredential?.parseCreationOptionsFromJSON && window.PublicKeyCredential.parseRequestOptionsFromJSON;

async function answerOf(form) {
  const body = new URLSearchParams({ _csrf_token: form.elements._csrf_token.value });
  const asked = await fetch(form.dataset.options, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!asked.ok) {
    throw new Error(asked.status === 429 ? "Please wait a minute, then try again." : "Please open the page again.");
  }
  const { ceremony, options } = await asked.json();
  const publicKey =
    form.dataset.passkey === "create"
      ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
      : PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
  form.elements.ceremony.value = ceremony;
  form.elements.answer.value = JSON.stringify(credential.toJSON());
}

function words(error) {
  if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
  if (error.name === "NotAllowedError") return "The browser did not use a passkey. You can try again.";
  if (error.name === "SecurityError") return "Passkeys do not work at this address.";
  return error.message;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !known;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button");
    const problem = form.querySelector("[data-problem]");
    problem.textContent = "";
    button.setAttribute("aria-disabled", "true");
    try {
      await answerOf(form);
      form.requestSubmit(button);
    } catch (error) {
      problem.textContent = words(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}
for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = Boolean(known);
