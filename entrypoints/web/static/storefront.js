// Improvements for browsers that run scripts. Without them each is a form, a link or a reload.
"use strict";

const LOOK_FOR_TICKETS_MS = 15_000;
// Before a sale there is less to learn.
const LOOK_FOR_SALE_MS = 60_000;
// All pages wait for the same moment. Each then waits for a random part of this on its own: a thousand of them come as
// 500 requests a second instead of at once, and no buyer is late by more than it takes to choose a ticket.
const SPREAD_MS = 2_000;
// The longest between two looks at the clock: timers of sleeping pages are late.
const TICK_MS = 1_000;
const LOOK_AT_ORDER_MS = 3_000;
const TYPING_PAUSE_MS = 250;

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- Choosing: buttons beside each number -------------------------------------------------------------------------

function addButtons(stepper) {
  const input = stepper.querySelector("input");
  const name = stepper.dataset.stepper;
  const button = (sign, by, label) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", () => {
      const wanted = (Number(input.value) || 0) + by;
      if (input.disabled || wanted < 0 || wanted > Number(input.max)) return;
      input.value = wanted;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    return made;
  };
  const less = button("−", -1, `One less: ${name}`);
  const more = button("+", 1, `One more: ${name}`);
  input.before(less);
  input.after(more);
  stepper.classList.add("has-buttons");
  stepper.update = () => {
    const chosen = Number(input.value) || 0;
    less.setAttribute("aria-disabled", String(chosen <= 0));
    more.setAttribute("aria-disabled", String(chosen >= Number(input.max)));
  };
  input.addEventListener("input", stepper.update);
  stepper.update();
}

// --- The total, priced by the server -------------------------------------------------------------------------------

function keepTotal(form) {
  const here = form.querySelector("[data-total-here]");
  const expected = form.elements.expected_total;
  const payButton = form.querySelector("[data-pay-button]");
  let waiting = 0;
  let asked = 0;

  const chosen = () => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (/^(q-|d-|promo$)/.test(name)) query.append(name, value);
    }
    return query;
  };
  const isEmpty = (query) => ![...query].some(([name, value]) => name.startsWith("q-") && Number(value) > 0);

  async function ask() {
    const query = chosen();
    const mine = ++asked;
    if (isEmpty(query)) {
      here.replaceChildren();
      here.classList.remove("is-old");
      if (expected) expected.value = "";
      return;
    }
    try {
      const answer = await fetch(`${form.dataset.total}?${query}`);
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      if (mine !== asked) return;
      here.innerHTML = html;
      const priced = here.querySelector("[data-expected]");
      if (expected) expected.value = priced ? priced.dataset.expected : "";
      if (payButton && priced) payButton.textContent = priced.dataset.pay;
    } catch {
      // The server prices again when the form is sent, and asks if it is not what was seen.
    }
    if (mine === asked) here.classList.remove("is-old");
  }

  const soon = () => {
    here.classList.add("is-old");
    clearTimeout(waiting);
    waiting = setTimeout(ask, TYPING_PAUSE_MS);
  };
  here.setAttribute("aria-live", "polite");
  form.addEventListener("input", (event) => {
    if (/^(q-|d-|promo$)/.test(event.target.name)) soon();
  });
  form.addEventListener("tickets-changed", soon);
  form.addEventListener("submit", () => clearTimeout(waiting));
  if (!here.children.length) ask();
}

// --- The server's time -----------------------------------------------------------------------------------------------

// Never ahead of it: an answer comes later than the moment that it names, so the latest of them all is the nearest.
// The buyer's own clock may be wrong, and may be set at any time; the time since the page began does not jump.
const serverTime = {
  ahead: -Infinity,
  hear(moment) {
    this.ahead = Math.max(this.ahead, Date.parse(moment) - performance.now());
  },
  now() {
    return this.ahead + performance.now();
  },
};

// Does something a little after a moment of the server. Returns how to call it off.
function spreadAfter(moment, act) {
  // Never at once: a page that is still the old one must not reload in a circle.
  const due = Math.max(moment + Math.random() * SPREAD_MS, serverTime.now() + TICK_MS);
  let timer = 0;
  const tick = () => {
    const left = due - serverTime.now();
    if (left <= 0) act();
    else timer = setTimeout(tick, Math.min(left, TICK_MS));
  };
  tick();
  return () => clearTimeout(timer);
}

// --- What is left ----------------------------------------------------------------------------------------------------

function keepRemaining(list) {
  const announce = list.parentElement.querySelector("[data-announce]");
  const { status } = list.dataset;
  let changesAt;
  let callOff = () => {};
  serverTime.hear(list.dataset.now);

  const reload = () => location.reload();
  // Where there is nothing to choose there is no button, either: the page with one is fetched.
  function expect(change) {
    if (change === changesAt) return;
    changesAt = change;
    callOff();
    if (change) callOff = spreadAfter(Date.parse(change), "closed" in list.dataset ? reload : look);
  }
  const isAnother = {
    upcoming: (sale) => sale.status !== status || sale.changes_at !== changesAt,
    open: (sale) => sale.status === "over",
    sold_out: (sale) => Object.values(sale.tickets).some(({ most }) => most > 0),
    over: () => false,
  }[status];

  function show(ticket, { most, left, note: text }) {
    const input = ticket.querySelector("input[type=number]");
    const note = ticket.querySelector("[data-left]");
    const chosen = Number(input.value) || 0;
    const gone = most === 0;
    const changed = note.textContent !== left;
    note.textContent = left;
    ticket.querySelector("[data-note]").textContent = text;
    const toCome = gone && !left;
    ticket.classList.toggle("is-to-come", toCome);
    input.max = most;
    input.disabled = gone && chosen === 0;
    ticket.classList.toggle("is-gone", gone && chosen === 0 && !toCome);
    if (chosen > most) {
      input.value = most;
      ticket.closest("form").dispatchEvent(new Event("tickets-changed"));
    }
    ticket.querySelector(".stepper").update?.();
    return changed && left ? `${ticket.querySelector("[data-stepper]").dataset.stepper}: ${left}.` : "";
  }

  async function look() {
    if (document.hidden) return;
    try {
      const answer = await fetch(list.dataset.remaining);
      if (!answer.ok) return;
      const sale = await answer.json();
      serverTime.hear(sale.now);
      if (isAnother(sale)) {
        callOff();
        callOff = spreadAfter(serverTime.now(), reload);
        return;
      }
      const news = all("[data-ticket]", list).map((ticket) => {
        const now = sale.tickets[ticket.dataset.ticket];
        return now ? show(ticket, now) : "";
      });
      expect(sale.changes_at);
      const text = news.filter(Boolean).join(" ");
      if (text) announce.textContent = text;
    } catch {
      // Next time.
    }
  }
  expect(list.dataset.changesAt);
  setInterval(look, status === "upcoming" ? LOOK_FOR_SALE_MS : LOOK_FOR_TICKETS_MS);
  document.addEventListener("visibilitychange", look);
}

function countToOpening(banner) {
  const opens = Date.parse(banner.dataset.opening);
  const digits = banner.querySelector(".digits");
  const announce = banner.parentElement.querySelector("[data-announce-time]");
  const tell = new Map([[300, "Tickets go on sale in five minutes."], [60, "Tickets go on sale in one minute."]]);
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((opens - serverTime.now()) / 1000));
    const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
    const clock = `${two(minutes)}:${two(seconds % 60)}`;
    digits.textContent = (days ? `${days} ${days === 1 ? "day" : "days"} ` : "") + (days || hours ? `${hours}:${clock}` : clock);
    if (tell.has(seconds)) announce.textContent = tell.get(seconds);
  };
  all("[data-opens-in]", banner).forEach((hidden) => { hidden.hidden = false; });
  setInterval(tick, TICK_MS);
  tick();
}

// --- Work that keeps robots away ----------------------------------------------------------------------------------------

function proveWork(form) {
  const proof = form.elements.proof;
  const solve = async () => {
    const answer = await fetch(form.dataset.challenge);
    if (!answer.ok) throw new Error(answer.status);
    const challenge = await answer.json();
    proof.value = await new Promise((resolve, reject) => {
      const worker = new Worker(form.dataset.worker);
      worker.addEventListener("message", ({ data }) => { worker.terminate(); resolve(data); });
      worker.addEventListener("error", reject);
      worker.postMessage(challenge);
    });
  };
  let solving = solve().catch(() => {});
  // The buyer sent the form before the challenge is solved: send it when it is. If it cannot be solved, the server says so.
  form.addEventListener("submit", (event) => {
    if (proof.value || event.submitter?.value !== "buy" || form.dataset.gaveUp) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    solving = solving.then(() => {
      if (!proof.value) form.dataset.gaveUp = "yes";
      form.requestSubmit(button);
    });
  });
}

// --- Sending once ------------------------------------------------------------------------------------------------------

function sendOnce(form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    event.submitter?.setAttribute("aria-disabled", "true");
  });
  // The back button shows the page as it was left.
  addEventListener("pageshow", () => {
    sent = false;
    all("[aria-disabled][type=submit]", form).forEach((button) => button.removeAttribute("aria-disabled"));
  });
}

// --- Time that runs out --------------------------------------------------------------------------------------------------

function countDown(place) {
  // By the server's clock: the buyer's may be wrong.
  const skew = Date.parse(place.dataset.now) - Date.now();
  const end = Date.parse(place.dataset.countdown);
  const digits = place.querySelector(".digits");
  const announce = place.parentElement.querySelector("[data-announce-time]");
  const tell = new Map([[300, "Five minutes left."], [60, "One minute left."]]);
  place.querySelector("[data-left-over]").hidden = false;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - Date.now() - skew) / 1000));
    digits.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (tell.has(seconds)) announce.textContent = tell.get(seconds);
    if (seconds > 0) return;
    clearInterval(ticking);
    announce.textContent = "The time is up.";
    location.reload();
  };
  const ticking = setInterval(tick, 1000);
  tick();
}

// --- An order that is about to change --------------------------------------------------------------------------------

function watch(section) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.querySelector(`[data-watch="${section.dataset.watch}"]`) === null) location.reload();
    } catch {
      // Next time.
    }
  }, LOOK_AT_ORDER_MS);
}

// --- In a frame on a producer's site ---------------------------------------------------------------------------------

function tellHeight(body) {
  const parent_ = decodeURIComponent(location.hash.slice(1));
  if (window.parent === window || !body.dataset.framed.split(" ").includes(parent_)) return;
  const tell = () =>
    window.parent.postMessage({ piquetickets: "height", height: document.documentElement.scrollHeight }, parent_);
  new ResizeObserver(tell).observe(body);
}

all("[data-stepper]").forEach(addButtons);
all("form[data-total]").forEach(keepTotal);
all("[data-remaining]").forEach(keepRemaining);
all("[data-opening]").forEach(countToOpening);
all("form[data-challenge]").forEach(proveWork);
all("form[data-once]").forEach(sendOnce);
all("[data-countdown]").forEach(countDown);
all("[data-watch]").forEach(watch);
all("[data-without-script]").forEach((element) => element.remove());
all("body[data-framed]").forEach(tellHeight);
