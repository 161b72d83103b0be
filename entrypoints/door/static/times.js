// Times as people read them, by the browser's own language and the show's clock.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export class Times {
  // `now()` are milliseconds; `zone` is the show's.
  constructor({ now, zone = undefined }) {
    this.now = now;
    this.zone = zone;
  }

  #format(options) {
    return new Intl.DateTimeFormat(undefined, { timeZone: this.zone, ...options });
  }

  // "19:42"
  clock(at) {
    return this.#format({ timeStyle: "short" }).format(at);
  }

  // "19:42", with the day if it is another one.
  moment(at) {
    const day = this.#format({ dateStyle: "short" });
    return day.format(at) === day.format(this.now()) ? this.clock(at) : `${this.day(at)}, ${this.clock(at)}`;
  }

  // "Sat 28 Nov"
  day(at) {
    return this.#format({ weekday: "short", day: "numeric", month: "short" }).format(at);
  }

  // "3 minutes ago"
  ago(at) {
    const passed = Math.max(0, this.now() - at);
    if (passed < 5_000) return "just now";
    if (passed < MINUTE) return `${Math.round(passed / 1000)} seconds ago`;
    return `${lasting(passed)} ago`;
  }
}

// "3 minutes", "2 hours", "a day": for how long something has been.
export function lasting(milliseconds) {
  const minutes = Math.round(milliseconds / MINUTE);
  if (minutes < 1) return "less than a minute";
  if (minutes < 90) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.round(milliseconds / HOUR);
  if (hours < 36) return hours === 1 ? "1 hour" : `${hours} hours`;
  return `${Math.round(hours / 24)} days`;
}
