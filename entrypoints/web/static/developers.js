// What is better with a script in the API's description: finding an operation, copying an example, sending a request.
"use strict";
(() => {
  const KEPT = "token";

  function find() {
    const box = document.querySelector(".filter");
    if (!box) return;
    box.hidden = false;
    const input = box.querySelector("input");
    const sections = [...document.querySelectorAll(".operations")];
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const section of sections) {
        const rows = [...section.querySelectorAll("li")];
        for (const row of rows) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every(word => text.includes(word));
        }
        const shown = rows.filter(row => !row.hidden).length;
        section.hidden = shown === 0;
        count += shown;
      }
      document.getElementById("found").textContent = words.length ? `${count} found` : "";
    };
    input.addEventListener("input", show);
    show();
  }

  function offerCopies() {
    for (const button of document.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) return;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
        button.textContent = "Copied";
      });
    }
  }

  function requestOf(form) {
    const headers = new Headers({ Accept: "*/*" });
    const query = new URLSearchParams();
    let path = form.dataset.path;
    for (const input of form.querySelectorAll("[data-place]")) {
      const { place, name } = input.dataset;
      const value = input.value.trim();
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
      else if (value && place === "query") query.set(name, value);
      else if (value) headers.set(name, value);
    }
    const token = form.querySelector("#bearer")?.value.trim();
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const text = form.querySelector("textarea");
    const file = form.querySelector("[type=file]")?.files[0];
    if (text) headers.set("Content-Type", text.dataset.kind);
    if (file) headers.set("Content-Type", file.type);
    const address = query.size ? `${path}?${query}` : path;
    return new Request(address, {
      method: form.dataset.method, headers, body: text?.value ?? file, credentials: "omit", redirect: "manual",
      cache: "no-store", referrerPolicy: "no-referrer",
    });
  }

  function line(tag, text) {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  }

  async function contentOf(answer) {
    const type = answer.headers.get("Content-Type") ?? "";
    if (type.includes("json")) return [line("pre", JSON.stringify(await answer.json(), null, 2))];
    if (type.startsWith("text/csv") || type.startsWith("text/plain") || type.includes("jose")) {
      return [line("pre", await answer.text())];
    }
    const blob = await answer.blob();
    if (!blob.size) return [];
    const link = line("a", `Save the file (${blob.size} bytes)`);
    link.href = URL.createObjectURL(blob);
    const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
    link.download = named ? named[1] : "answer";
    return [link];
  }

  async function partsOf(answer, milliseconds) {
    if (answer.type === "opaqueredirect") {
      return [line("h3", "A redirect"), line("p", "Browsers do not show a script where it leads. The command above does.")];
    }
    const parts = [line("h3", `${answer.status} ${answer.statusText}, ${milliseconds} ms`)];
    for (const name of ["Retry-After", "X-Request-ID"]) {
      if (answer.headers.has(name)) parts.push(line("p", `${name}: ${answer.headers.get(name)}`));
    }
    return [...parts, ...await contentOf(answer)];
  }

  async function send(form, place) {
    const begun = performance.now();
    place.replaceChildren(line("p", "Sending…"));
    try {
      const answer = await fetch(requestOf(form));
      place.replaceChildren(...await partsOf(answer, Math.round(performance.now() - begun)));
    } catch (error) {
      place.replaceChildren(line("p", `No answer came: ${error.message}`));
    }
  }

  function offerTrying() {
    const form = document.querySelector(".try");
    if (!form) return;
    form.hidden = false;
    document.querySelector("[data-without-script]").hidden = true;
    const bearer = form.querySelector("#bearer");
    if (bearer) {
      bearer.value = sessionStorage.getItem(KEPT) ?? "";
      bearer.addEventListener("input", () => sessionStorage.setItem(KEPT, bearer.value.trim()));
      form.querySelector("[data-forget]").addEventListener("click", () => {
        sessionStorage.removeItem(KEPT);
        bearer.value = "";
        bearer.focus();
      });
    }
    form.addEventListener("submit", event => {
      event.preventDefault();
      send(form, document.getElementById("answer"));
    });
  }

  find();
  offerCopies();
  offerTrying();
})();
