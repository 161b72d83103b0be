// One tab of a browser is the door: two would send the same queue, and ask for the same camera.

const LOCK = "piquetickets-door";

// Wait for nothing: whether this tab is the door now. With `isTakeOver`, it takes the work from the tab that has it.
// `onLost()` hears that another tab took it from this one. Without Web Locks (Safari before 15.4) every tab is alone.
export function lead({ isTakeOver = false, onLost }) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = isTakeOver ? { steal: true } : { ifAvailable: true };
    navigator.locks
      .request(LOCK, options, (lock) => {
        resolve(lock !== null);
        // Held until the tab goes away, or another one takes it.
        return lock === null ? undefined : new Promise(() => {});
      })
      .catch(onLost);
  });
}
