// Puts a show's tickets where this script stands: <script src="…/widget.js" data-show="SHOW_ID" async></script>
(() => {
  "use strict";
  const script = document.currentScript;
  const show = script.dataset.show;
  const home = new URL(script.src).origin;
  if (!/^[0-9a-f-]{36}$/i.test(show || "")) {
    console.error("PiqueTickets: data-show must be the id of a show");
    return;
  }
  const frame = document.createElement("iframe");
  frame.src = `${home}/shows/${show}/widget#${encodeURIComponent(location.origin)}`;
  frame.title = script.dataset.title || "Tickets";
  frame.setAttribute("scrolling", "no");
  Object.assign(frame.style, { border: "0", width: "100%", height: "28rem", colorScheme: "light dark" });
  script.after(frame);
  addEventListener("message", (event) => {
    // Only our frame, and only from where it was loaded.
    if (event.origin !== home || event.source !== frame.contentWindow) return;
    const { piquetickets, height } = event.data || {};
    if (piquetickets === "height" && height > 0 && height < 20000) frame.style.height = `${Math.ceil(height)}px`;
  });
})();
