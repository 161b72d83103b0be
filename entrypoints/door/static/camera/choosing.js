// Which of the codes in a picture is meant. A decoder's order says nothing: of two it may name the smaller one first,
// and at a door that is the ticket of the person behind.

// A code is meant if it covers twice as much of the picture as every other one: it is held clearly nearer.
const CLEARLY_LARGER = 2;

/**
 * The meant code: { text, several, inView }. `text` is null where none is; `several` says that two could be meant.
 * `codes` are { text, corners }, the corners being four { x, y } around the code; `size` is the picture's { width, height }.
 * Codes that look right go before all others: a poster behind the guest has a code, too.
 */
export function choose(codes, size, looksRight = () => true) {
  const inView = largestOfEach(codes);
  const right = inView.filter((code) => looksRight(code.text));
  const [largest, ...others] = right.length ? right : inView;
  const texts = inView.map((code) => code.text);
  if (!largest) return { text: null, several: false, inView: texts };
  const middle = { x: size.width / 2, y: size.height / 2 };
  const isMeant = others.every((other) => isClearlyLarger(largest, other) && !isAimedAt(other, largest, middle));
  return { text: isMeant ? largest.text : null, several: !isMeant, inView: texts };
}

// The same ticket may be there twice, on paper and on a phone: that is one code.
function largestOfEach(codes) {
  const found = new Map();
  for (const { text, corners } of codes) {
    const area = areaOf(corners);
    if (text && !(found.get(text)?.area >= area)) found.set(text, { text, corners, area });
  }
  return [...found.values()].sort((one, other) => other.area - one.area);
}

function isClearlyLarger(one, other) {
  return one.area >= CLEARLY_LARGER * other.area;
}

// A small code in the middle may be the one that the person at the door points to.
function isAimedAt(small, large, middle) {
  return covers(small.corners, middle) && !covers(large.corners, middle);
}

function areaOf(corners) {
  return Math.abs(sidesOf(corners).reduce((sum, [from, to]) => sum + from.x * to.y - to.x * from.y, 0)) / 2;
}

// Whether the point lies on the same side of all four sides.
function covers(corners, point) {
  const sides = sidesOf(corners).map(
    ([from, to]) => (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x),
  );
  return sides.every((side) => side >= 0) || sides.every((side) => side <= 0);
}

function sidesOf(corners) {
  return corners.map((corner, index) => [corner, corners[(index + 1) % corners.length]]);
}
