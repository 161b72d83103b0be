"use strict";

const POLL_MILLISECONDS = 2000;

async function reloadWhenMailArrives(shownNewest) {
  const answer = await fetch("/api/mails");
  const [newest] = await answer.json();
  if (String(newest?.id ?? 0) !== shownNewest) location.reload();
}

const list = document.querySelector("[data-newest]");
if (list) {
  setInterval(() => reloadWhenMailArrives(list.dataset.newest).catch(console.warn), POLL_MILLISECONDS);
}

const letter = document.querySelector("iframe.letter");
const fitLetter = () => {
  const page = letter.contentDocument?.documentElement;
  if (!page) return;
  letter.style.height = "0";
  letter.style.height = `${page.scrollHeight}px`;
};
letter?.addEventListener("load", fitLetter);
addEventListener("resize", () => letter && fitLetter());
