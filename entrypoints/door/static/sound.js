// Sounds made here, without files, and vibration where the device has it. Each kind of answer has its own rhythm,
// so it is known without looking. Neither must carry the answer alone: many devices are silent.

const NOTES = {
  // hertz, seconds from the beginning, seconds long
  go: [[880, 0, 0.09], [1320, 0.09, 0.16]],
  vip: [[880, 0, 0.08], [1320, 0.08, 0.08], [1760, 0.16, 0.18]],
  out: [[1320, 0, 0.09], [880, 0.09, 0.16]],
  look: [[440, 0, 0.14], [440, 0.2, 0.14]],
  stop: [[196, 0, 0.2], [165, 0.24, 0.2], [131, 0.48, 0.34]],
};
const SHAKES = { go: [60], vip: [60, 40, 60], out: [30, 30, 30], look: [160, 80, 160], stop: [350, 100, 350] };
const LOUD = 0.5;

export class Sounds {
  #context = null;
  isOn = true;

  // To be called in a tap or at a key: browsers let nothing sound before.
  async wake() {
    this.#context ??= "AudioContext" in globalThis ? new AudioContext() : null;
    if (this.#context?.state === "suspended") await this.#context.resume();
  }

  get isAwake() {
    return this.#context?.state === "running";
  }

  play(kind) {
    if (this.isOn && this.isAwake) for (const note of NOTES[kind]) this.#note(kind, ...note);
    navigator.vibrate?.(SHAKES[kind]);
  }

  #note(kind, hertz, after, long) {
    const context = this.#context;
    const from = context.currentTime + after;
    const tone = new OscillatorNode(context, { type: kind === "stop" ? "sawtooth" : "triangle", frequency: hertz });
    const level = new GainNode(context, { gain: 0 });
    level.gain.linearRampToValueAtTime(LOUD, from + 0.01);
    level.gain.setValueAtTime(LOUD, from + long - 0.03);
    level.gain.linearRampToValueAtTime(0, from + long);
    tone.connect(level).connect(context.destination);
    tone.start(from);
    tone.stop(from + long);
  }
}
