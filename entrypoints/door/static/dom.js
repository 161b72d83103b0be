// Small helps for the page.

export const $ = (id) => document.getElementById(id);

// An element with attributes and children; texts are texts, never markup. A property that begins with "on" is a listener.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// A sign of the page's, as a picture without a name: the words stand beside it.
export function sign(name) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("class", "sign");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#sign-${name}`);
  picture.append(use);
  return picture;
}

// Replace what is in a place, unless it is the same: a reader, a finger and the focus may be there.
export function fill(place, key, make) {
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...make());
}

export function text(place, words) {
  if (place.textContent !== words) place.textContent = words;
}
