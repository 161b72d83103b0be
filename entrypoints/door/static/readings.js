// Codes from what a scanner or a person typed, read in more ways than one (docs/door-protocol.md). The server reads
// uploads alike. A code carries a tag of 56 bits, so trying some hundred readings cannot forge one.

export const CODE_LENGTH = 24;
const MOST_READINGS = 512;
const MOST_OF_A_KIND = 256;
// The most letters and digits around a code, such as AIM's prefix ]Q1, and the most characters that are no part of it.
const MOST_AROUND = 4;
const MOST_SEPARATORS = 10;
const NOTHING = "\ufffd";
const CODE = /^[A-Z2-7]{24}$/;
const NO_LETTER_OR_DIGIT = /[^A-Z0-9]+/g;
const AIM_IDENTIFIER = /^[^A-Z0-9]*\][A-Z][0-9A-Z]/;
// Stand-ins for keys that type the same character: the first of Unicode's private characters.
const SIGNS = 0xe000;

// The code of a text as it stands; null where the text does not look like one. Case and separators do not matter.
export function plainCode(text) {
  const code = folded(text).replace(AIM_IDENTIFIER, "").replace(NO_LETTER_OR_DIGIT, "");
  return CODE.test(code) ? code : null;
}

// Whether a text is as long as a code, and nothing more is to be waited for.
export function isLongEnough(text) {
  return [...text].filter((character) => !/[\s\u0000-\u001f]/.test(character)).length >= CODE_LENGTH;
}

// The code in groups of four, as it is printed.
export function grouped(code) {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

export class Readings {
  #layouts;
  #mistaken;

  // The part `reading` of a list: {keys, layouts: [{layouts, typed}], mistaken}.
  constructor({ keys, layouts, mistaken }) {
    this.#layouts = layouts.map(({ layouts: names, typed }) => layoutOf(names[0], [...keys], [...typed]));
    this.#mistaken = mistaken;
  }

  // All codes that the text may stand for, {code, layout}, the likeliest first; the layout is null for the text as it
  // stands, or with mistaken characters.
  of(text) {
    const found = new Map();
    const first = plainCode(text);
    if (first) found.set(first, { code: first, layout: null });
    for (const reading of this.#others(text)) {
      if (!found.has(reading.code)) found.set(reading.code, reading);
      if (found.size > MOST_READINGS) break;
    }
    return [...found.values()];
  }

  *#others(text) {
    const characters = new Set(text);
    for (const layout of this.#layouts) {
      const strangers = [...characters].filter((character) => !layout.keys.has(character));
      if (strangers.length > MOST_SEPARATORS) continue;
      for (const code of codesBy(layout, text)) yield { code, layout: layout.name };
    }
    for (const part of parts([...folded(text).replace(NO_LETTER_OR_DIGIT, "")])) {
      yield* choices(part.map((character) => [...(this.#mistaken[character] ?? character)]));
    }
  }
}

function folded(text) {
  return text.normalize("NFKC").replace(/[ıİ]/g, "I").toUpperCase();
}

function layoutOf(name, keys, typed) {
  const keysOf = new Map();
  typed.forEach((character, place) => {
    // With Caps Lock on, a letter comes in the other case.
    for (const one of [character, character.toUpperCase(), character.toLowerCase()]) {
      if ([...one].length !== 1 || one === NOTHING) continue;
      const known = keysOf.get(one) ?? "";
      if (!known.includes(keys[place])) keysOf.set(one, known + keys[place]);
    }
  });
  // Caps Lock types digits on some keyboards that have accented letters there.
  for (const digit of "234567") if (!keysOf.has(digit)) keysOf.set(digit, digit);
  const ligatures = [];
  for (const character of keysOf.keys()) {
    const apart = character.normalize("NFKC");
    if ([...apart].length > 1 && /^\p{L}+$/u.test(apart)) ligatures.push([apart, character]);
  }
  const several = [...new Set([...keysOf.values()].filter((each) => each.length > 1))];
  return { name, keys: keysOf, ligatures, several };
}

function* codesBy({ keys, ligatures, several }, text) {
  // Some systems type two characters for a key with a ligature (Arabic lam-alef).
  const joined = ligatures.reduce((read, [apart, one]) => read.replaceAll(apart, one), text);
  for (const spelling of new Set([text, joined])) {
    const typed = [];
    for (const character of spelling) {
      const key = keys.get(character);
      if (key) typed.push(key.length > 1 ? String.fromCharCode(SIGNS + several.indexOf(key)) : key);
    }
    for (const part of parts(typed)) {
      const sorts = part.map((key) => [...(several[key.charCodeAt(0) - SIGNS] ?? key)]);
      for (const { code } of choices(sorts)) yield code;
    }
  }
}

// The parts of the characters where a code may stand, beginning with the one at the start.
function* parts(characters) {
  const around = characters.length - CODE_LENGTH;
  if (around < 0 || around > MOST_AROUND) return;
  yield characters.slice(0, CODE_LENGTH);
  for (let start = around; start > 0; start -= 1) yield characters.slice(start, start + CODE_LENGTH);
}

// Every combination of one of each sort, up to the limit.
function* choices(sorts) {
  const all = sorts.reduce((product, sort) => product * sort.length, 1);
  for (let number = 0; number < Math.min(all, MOST_OF_A_KIND); number += 1) {
    let rest = number;
    const code = [];
    for (let place = sorts.length - 1; place >= 0; place -= 1) {
      code[place] = sorts[place][rest % sorts[place].length];
      rest = Math.floor(rest / sorts[place].length);
    }
    const text = code.join("");
    if (CODE.test(text)) yield { code: text, layout: null };
  }
}
