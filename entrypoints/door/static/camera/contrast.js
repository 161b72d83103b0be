// Makes a dark picture readable. A decoder finds nothing where black and white are too near to each other.

// From here on a decoder reads the picture as it is.
const ENOUGH = 128;
// Below it is nothing but noise.
const TOO_LITTLE = 4;
// The darkest and the brightest hundredth are stray pixels.
const STRAY = 0.01;

/** Stretches the picture's contrast in place, by the light in its middle. Whether it did: a bright picture stays. */
export function stretch({ data, width, height }) {
  const [darkest, brightest] = rangeInTheMiddle(data, width, height);
  const range = brightest - darkest;
  if (range >= ENOUGH || range < TOO_LITTLE) return false;
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => ((value - darkest) * 255) / range);
  for (let index = 0; index < data.length; index += 4) {
    const light = table[lightOf(data, index)];
    data[index] = data[index + 1] = data[index + 2] = light;
  }
  return true;
}

function rangeInTheMiddle(data, width, height) {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let y = height >> 2; y < height - (height >> 2); y += 2) {
    for (let x = width >> 2; x < width - (width >> 2); x += 2) {
      counts[lightOf(data, (y * width + x) * 4)] += 1;
      total += 1;
    }
  }
  const stray = total * STRAY;
  return [firstBeyond(counts, stray), 255 - firstBeyond(counts.reverse(), stray)];
}

function firstBeyond(counts, limit) {
  let sum = 0;
  return counts.findIndex((count) => (sum += count) > limit);
}

function lightOf(data, index) {
  return (data[index] * 77 + data[index + 1] * 150 + data[index + 2] * 29) >> 8;
}
