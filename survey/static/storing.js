// Tables on this device, in IndexedDB; each use of ours has a database of its own.

export function tables(name, layout) {
  let opened = null;

  function database() {
    if (!opened) {
      opened = new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 1);
        request.onupgradeneeded = () => {
          for (const [table, options] of Object.entries(layout)) request.result.createObjectStore(table, options);
        };
        request.onsuccess = () => {
          const found = request.result;
          // A later version may need the tables; whoever holds them open lets go.
          found.onversionchange = () => found.close();
          found.onclose = () => (opened = null);
          resolve(found);
        };
        request.onerror = () => reject(request.error);
        request.onblocked = reject;
      });
      opened.catch(() => (opened = null));
    }
    return opened;
  }

  async function within(table, mode, act) {
    const found = await database();
    return new Promise((resolve, reject) => {
      // Strict: kept means written to the disk, not handed to the system.
      const transaction = found.transaction(table, mode, { durability: "strict" });
      const request = act(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  return {
    within,
    held: (table) => within(table, "readonly", (rows) => rows.getAll()),
    find: (table, key) => within(table, "readonly", (rows) => rows.get(key)),
    keep: (table, value) => within(table, "readwrite", (rows) => rows.put(value)),
    drop: (table, key) => within(table, "readwrite", (rows) => rows.delete(key)),
    empty: (table) => within(table, "readwrite", (rows) => rows.clear()),
  };
}
