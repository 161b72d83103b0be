// The sum of notes and coins while they are counted. Without scripts, a button asks the server for it.
"use strict";

(() => {
  const form = document.querySelector("form[data-count]");
  if (!form) return;
  const { locale, currency, places, decimals } = form.dataset;
  const style = { style: "currency", currency, minimumFractionDigits: +decimals, maximumFractionDigits: +decimals };
  const money = new Intl.NumberFormat(locale, style);
  const together = () => {
    const sum = [...form.querySelectorAll("[data-value]")].reduce(
      (so_far, field) => so_far + field.dataset.value * (field.valueAsNumber || 0),
      0,
    );
    form.querySelector("[data-sum]").textContent = money.format(sum / 10 ** places);
  };
  form.querySelector("[data-recount]").hidden = true;
  form.addEventListener("input", together);
  window.addEventListener("pageshow", together);
})();
