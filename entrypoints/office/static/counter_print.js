// A button that prints the page: without scripts the browser's own does.
"use strict";

for (const button of document.querySelectorAll("[data-print-now]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
