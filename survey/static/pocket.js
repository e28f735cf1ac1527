// What the phone holds between pages, in IndexedDB: sealed packs that wait to be sent, the readable
// copy of whoever answers (as ciphertext, its key is not here), and short notes for the worker.

const POCKET = "beboerpuls";
let opened = null;

function pocket() {
  if (!opened) {
    opened = new Promise((resolve, reject) => {
      const request = indexedDB.open(POCKET, 1);
      request.onupgradeneeded = () => {
        const database = request.result;
        database.createObjectStore("waiting", { keyPath: "order", autoIncrement: true });
        database.createObjectStore("copies", { keyPath: "sitting" });
        database.createObjectStore("notes", { keyPath: "name" });
      };
      request.onsuccess = () => {
        const database = request.result;
        // A later version may need the tables; whoever holds them open lets go.
        database.onversionchange = () => database.close();
        database.onclose = () => (opened = null);
        resolve(database);
      };
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });
    opened.catch(() => (opened = null));
  }
  return opened;
}

async function within(store, mode, act) {
  const database = await pocket();
  return new Promise((resolve, reject) => {
    // Strict: kept means written to the disk, not handed to the system.
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () =>
      reject(transaction.error || new Error("not kept"));
  });
}

export const held = (store) => within(store, "readonly", (table) => table.getAll());
export const find = (store, key) => within(store, "readonly", (table) => table.get(key));
export const keep = (store, value) => within(store, "readwrite", (table) => table.put(value));
export const drop = (store, key) => within(store, "readwrite", (table) => table.delete(key));
export const empty = (store) => within(store, "readwrite", (table) => table.clear());

// Nothing readable stays: copies that nobody has touched for as long as the browser may stay open.
export async function dropStale() {
  for (const copy of await held("copies")) {
    if (Date.now() - copy.touched > copy.idle * 60000) await drop("copies", copy.sitting);
  }
}
