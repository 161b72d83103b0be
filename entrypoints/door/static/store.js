// What the browser keeps: IndexedDB, with promises. A change is one transaction, and is kept once its promise is
// fulfilled. Where the disk is full it is refused with NotKept, and nothing of it is kept.

export const NAME = "piquetickets-door";
// Version 1 is what a page that pairs a device makes: the store `device` alone.
const VERSION = 2;

// The browser refused to keep something: its storage is full, or it is closed.
export class NotKept extends Error {
  constructor(cause) {
    super("The browser did not keep it", { cause });
    this.name = "NotKept";
  }
}

export class Store {
  #database;

  constructor(database) {
    this.#database = database;
    // Another tab brings a newer version: it waits until this one lets go.
    database.onversionchange = () => database.close();
  }

  static async open() {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => furnish(asked.result);
    return new Store(await done(asked));
  }

  async get(store, key) {
    return done(this.#read(store).get(key));
  }

  async all(store) {
    return done(this.#read(store).getAll());
  }

  // Keep one record. Answers its key. `strict`: it also outlives a power cut, not only the browser's end.
  async put(store, record, key, { strict = false } = {}) {
    return this.change([store], (stores) => stores[store].put(record, key), { strict });
  }

  async remove(store, key) {
    return this.change([store], (stores) => stores[store].delete(key));
  }

  // One transaction over some stores: `work` makes requests, and the result of the one that it returns is the answer.
  async change(names, work, { strict = false } = {}) {
    try {
      const durability = strict ? "strict" : "default";
      const transaction = this.#database.transaction(names, "readwrite", { durability });
      const ended = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted"));
      });
      const last = begun(transaction, names, work);
      await ended;
      return last?.result;
    } catch (error) {
      throw new NotKept(error);
    }
  }

  close() {
    this.#database.close();
  }

  #read(store) {
    return this.#database.transaction(store, "readonly").objectStore(store);
  }
}

// Half of the requests are none: what fails at once ends the transaction.
function begun(transaction, names, work) {
  try {
    return work(Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])));
  } catch {
    transaction.abort();
    return null;
  }
}

function furnish(database) {
  const there = database.objectStoreNames;
  // The device that this browser is, under the key `device`.
  if (!there.contains("device")) database.createObjectStore("device");
  // What was chosen and learned: the show, the direction, the server's clock.
  if (!there.contains("settings")) database.createObjectStore("settings");
  // The signed lists as they came, by show.
  if (!there.contains("lists")) database.createObjectStore("lists", { keyPath: "show_id" });
  // What was scanned, in the order in which it was.
  if (!there.contains("scans")) database.createObjectStore("scans", { keyPath: "seq", autoIncrement: true });
  // Who went in and should not have, as the server said, by the scan's id.
  if (!there.contains("conflicts")) database.createObjectStore("conflicts", { keyPath: "id" });
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
