// What is better at the counter with a script: keys, the total and the change at once, and no page that comes and goes.
// Without it every button asks the server, and the page does the same.
"use strict";

(() => {
  const room = document.getElementById("counter");
  if (!room) return;
  const desk = document.getElementById("desk");
  const said = document.getElementById("said");
  const TRIES = 6;
  const PATIENCE_MS = 15000;
  let sending = false;
  let current = "";

  const form = () => desk.querySelector("form[data-till]");
  const fields = () => [...desk.querySelectorAll("[data-price]")];
  const payment = () => desk.querySelector("input[name=payment]:checked")?.value || "";
  const given = () => desk.querySelector("input[name=given]");

  // Amounts are integers of the currency's minor unit, as on the server.
  const money = (minor) => {
    const { locale, currency, places, decimals } = form().dataset;
    const style = { style: "currency", currency, minimumFractionDigits: +decimals, maximumFractionDigits: +decimals };
    return new Intl.NumberFormat(locale, style).format(minor / 10 ** places);
  };
  const typed = (text) => {
    const { point, places } = form().dataset;
    const plain = text.replace(/[\s'’]/g, "");
    if (!plain) return null;
    const [whole, rest = ""] = plain.split(point === "," ? /[,.](?=\d{1,3}$)/ : ".");
    if (!/^\d+$/.test(whole) || !/^\d*$/.test(rest) || rest.length > places) return null;
    return +whole * 10 ** places + +(rest.padEnd(places, "0") || 0);
  };
  const written = (minor) => {
    const { places, decimals, point } = form().dataset;
    const text = (minor / 10 ** places).toFixed(places);
    return (+decimals ? text : text.split(".")[0]).replace(".", point);
  };
  const exactly = (minor) => (minor / 10 ** form().dataset.places).toFixed(form().dataset.places);

  // As domain/cash.py (rounded_cash).
  const inCoins = (total) => {
    const step = +form().dataset.step;
    return step ? Math.floor((2 * total + step) / (2 * step)) * step : total;
  };

  // As domain/cash.py (handed_over).
  const handedOver = (total) => {
    if (total <= 0) return [];
    const every = form().dataset.cash.split(" ").map(Number);
    const usual = every.filter((each) => each * 100 >= every[0]);
    const rounded = new Set(usual.map((each) => Math.ceil(total / each) * each));
    rounded.delete(total);
    return [total, ...[...rounded].sort((a, b) => a - b).slice(0, 4)];
  };

  // The total here, or null where only the server knows it.
  const total = () => {
    if (desk.querySelector("input[name=promo_code]")?.value.trim() && payment() !== "comp") return null;
    let sum = 0;
    for (const field of fields()) {
      const count = +field.value || 0;
      const gift = desk.querySelector(`[data-gift="${field.dataset.type}"]`);
      const price = gift ? typed(gift.value) : +field.dataset.price;
      if (count && price === null) return null;
      sum += count * price;
    }
    return payment() === "comp" ? 0 : sum;
  };
  const tickets = () => fields().reduce((sum, field) => sum + (+field.value || 0), 0);

  const refresh = () => {
    if (!form()) return;
    for (const row of desk.querySelectorAll("[data-row]")) {
      row.classList.toggle("is-current", row.dataset.row === chosen());
      row.classList.toggle("is-chosen", +row.querySelector("[data-price]").value > 0);
    }
    const sum = desk.querySelector("#sum");
    const count = tickets();
    const known = count ? total() : 0;
    sum.querySelector("[data-total]").textContent = known === null ? "…" : money(known);
    sum.querySelector("[data-count]").textContent = count === 1 ? "1 ticket" : `${count} tickets`;
    desk.querySelector("input[name=expected_total]").value = count && known !== null ? exactly(known) : "";
    const cash = desk.querySelector("[data-cash-part]");
    cash.hidden = payment() !== "cash";
    const change = desk.querySelector("[data-change]");
    const paid = typed(given().value);
    const due = known === null ? null : inCoins(known);
    const left = paid === null || due === null ? null : paid - due;
    const isRounded = count > 0 && due !== known && !cash.hidden;
    sum.querySelector("[data-in-cash]").textContent = isRounded ? `In cash ${money(due)}` : "";
    change.textContent = left === null || !count || cash.hidden ? ""
      : left < 0 ? `${money(-left)} are missing` : `Change ${money(left)}`;
    change.classList.toggle("is-short", left !== null && left < 0);
    const quick = desk.querySelector("[data-quick-row]");
    const amounts = due === null ? [] : handedOver(due);
    quick.replaceChildren(...amounts.map((amount, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button quiet small-button";
      button.dataset.quick = amount;
      button.textContent = place ? money(amount) : `Exactly ${money(amount)}`;
      return button;
    }));
    if (known === null && count) ask();
  };

  // A promo code: the server says what it costs.
  let asked = 0;
  let waiting;
  const ask = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++asked;
      const body = new URLSearchParams(new FormData(form()));
      try {
        const answer = await fetch(`${form().action}/total`, { method: "POST", body });
        if (!answer.ok || mine !== asked) return;
        const { total: text, expected, error, in_cash: inCash } = await answer.json();
        desk.querySelector("[data-total]").textContent = error || text;
        desk.querySelector("input[name=expected_total]").value = expected;
        desk.querySelector("[data-in-cash]").textContent = inCash ? `In cash ${inCash}` : "";
      } catch {
        // Without it the form shows the total before it sells.
      }
    }, 150);
  };

  const set = (type, count) => {
    const field = desk.querySelector(`[data-type="${type}"]`);
    if (!field) return;
    current = type;
    field.value = count > 0 ? Math.min(count, +field.max) : "";
    refresh();
  };
  const count = (type) => +desk.querySelector(`[data-type="${type}"]`)?.value || 0;
  const types = () => fields().map((field) => field.dataset.type);
  const chosen = () => (types().includes(current) ? current : types()[0]);
  const move = (by) => {
    const every = types();
    current = every[(every.indexOf(chosen()) + by + every.length) % every.length];
    refresh();
    desk.querySelector(`[data-row="${current}"]`).scrollIntoView({ block: "nearest" });
  };
  const pay = (how) => {
    const radio = desk.querySelector(`input[name=payment][value="${how}"]`);
    if (!radio) return;
    radio.checked = true;
    refresh();
  };

  const tell = (words) => {
    said.textContent = words;
    const state = desk.querySelector("[data-state]");
    if (!state) return;
    state.hidden = !words;
    state.textContent = words;
  };

  const show = async (answer) => {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById("desk");
    if (!next) {
      location.assign(answer.redirected ? answer.url : location.href);
      return;
    }
    desk.innerHTML = next.innerHTML;
    const line = fresh.querySelector("[data-part=line]");
    room.querySelector("[data-part=line]").innerHTML = line.innerHTML;
    if (answer.redirected) history.replaceState(null, "", answer.url);
    current = "";
    begin();
    const words = desk.querySelector("[data-said]");
    said.textContent = words ? words.textContent : "";
    (desk.querySelector("#problems") || desk).focus({ preventScroll: true });
    (desk.querySelector("#problems, #sold") || desk).scrollIntoView({ block: "nearest" });
  };

  // The same form asked again sells once: its key is in it.
  const sell = async () => {
    if (sending) return;
    if (!tickets()) {
      tell("Choose tickets first.");
      return;
    }
    sending = true;
    const { action } = form();
    const body = new URLSearchParams(new FormData(form()));
    body.set("act", "sell");
    for (const button of form().querySelectorAll("[data-sell]")) button.setAttribute("aria-disabled", "true");
    for (let tried = 1; ; tried += 1) {
      try {
        const answer = await fetch(action, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS) });
        if (answer.status >= 500) throw new Error(`answered ${answer.status}`);
        await show(answer);
        break;
      } catch {
        if (tried === TRIES) {
          tell("No answer. Look at the last sales, or press Sell again: nothing is sold twice.");
          for (const button of form().querySelectorAll("[data-sell]")) button.removeAttribute("aria-disabled");
          break;
        }
        tell("No answer yet. It is asked again, and nothing is sold twice.");
        await new Promise((done) => setTimeout(done, 500 * 2 ** tried));
      }
    }
    sending = false;
  };

  desk.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !form()) return;
    const { add, less, quick, printNow } = button.dataset;
    if (add) set(add, count(add) + 1);
    else if (less) set(less, count(less) - 1);
    else if (quick) given().value = written(+quick);
    else if (printNow !== undefined) window.print();
    else return;
    event.preventDefault();
    refresh();
  });
  desk.addEventListener("input", (event) => {
    if (event.target.dataset.type) current = event.target.dataset.type;
    refresh();
  });
  desk.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    sell();
  });

  // Keys. Letters that a person types into a field stay in it; Escape leaves it.
  const KEYS = "counter-keys";
  const PAYMENTS = { c: "cash", d: "card", o: "other", f: "comp" };
  const areOn = () => localStorage.getItem(KEYS) !== "off";
  const isTyping = (target) => target.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");

  const press = (key) => {
    if (/^[0-9]$/.test(key)) set(chosen(), +key);
    else if (key === "+" || key === "=") set(chosen(), count(chosen()) + 1);
    else if (key === "-") set(chosen(), count(chosen()) - 1);
    else if (key === "ArrowDown" || key === "ArrowUp") move(key === "ArrowDown" ? 1 : -1);
    else if (PAYMENTS[key]) {
      if (!tickets()) set(chosen(), 1);
      pay(PAYMENTS[key]);
    }
    else if (key === "g" && !desk.querySelector("[data-cash-part]").hidden) given().select();
    else if (key === "u" && desk.querySelector("[data-undo]")) desk.querySelector("[data-undo]").click();
    else if (key === "Enter") sell();
    else return false;
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !form() || !areOn()) return;
    const { target, key } = event;
    if (isTyping(target)) {
      if (key === "Escape") desk.focus({ preventScroll: true });
      return;
    }
    if (key === "Enter" && target.closest("a, button, summary, label")) return;
    if (key.startsWith("Arrow") && target.matches("input")) return;
    if (press(key.length === 1 ? key.toLowerCase() : key)) event.preventDefault();
  });

  const begin = () => {
    const box = desk.querySelector("[data-keys]");
    if (box) {
      box.checked = areOn();
      box.addEventListener("change", () => localStorage.setItem(KEYS, box.checked ? "on" : "off"));
      desk.querySelector("[data-keys-part]").hidden = false;
    }
    room.classList.add("has-script");
    refresh();
    const paper = desk.querySelector("[data-print]");
    // A page that is loaded again does not print again.
    if (paper && sessionStorage.getItem("printed") !== paper.dataset.print) {
      sessionStorage.setItem("printed", paper.dataset.print);
      window.print();
    }
  };
  begin();
})();
