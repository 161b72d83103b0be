// Renews the part of a page that is live: asks again every few seconds while the page is seen, gently when something
// is wrong, and not at all in a hidden tab. The server answers 304 as long as nothing has changed.
"use strict";

(() => {
  const place = document.querySelector("[data-live]");
  if (!place) return;
  const EVERY = 5000;
  const AT_MOST = 60000;
  const state = document.getElementById("live-state");
  let etag = place.dataset.etag;
  let pause = EVERY;
  let timer;
  let asking = false;

  const plan = () => {
    clearTimeout(timer);
    // Each page at another moment, or all that were opened together would ask together.
    if (!document.hidden) timer = setTimeout(renew, pause * (0.8 + 0.4 * Math.random()));
  };

  const tell = (words) => {
    state.hidden = !words;
    if (state.textContent !== words) state.textContent = words;
  };

  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of place.querySelectorAll("[data-part]")) {
      const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      part.innerHTML = next.innerHTML;
      if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    }
  };

  const renew = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(place.dataset.live, {
        headers: { "If-None-Match": etag }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(20000),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        tell(state.dataset.over);
        return;
      }
      if (answer.status === 200) {
        show(await answer.text());
        etag = answer.headers.get("ETag");
      } else if (answer.status !== 304) {
        throw new Error(`answered ${answer.status}`);
      }
      pause = EVERY;
      tell("");
    } catch {
      pause = Math.min(pause * 2, AT_MOST);
      tell(state.dataset.late);
    } finally {
      asking = false;
    }
    plan();
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) renew();
  });
  plan();
})();
