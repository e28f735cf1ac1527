// What the phone holds between pages, in IndexedDB: sealed packs that wait to be sent, the readable
// copy of whoever answers (as ciphertext, its key is not here), and short notes for the worker.

import { tables } from "./storing.js";

const pocket = tables("beboerpuls", {
  waiting: { keyPath: "order", autoIncrement: true },
  copies: { keyPath: "sitting" },
  notes: { keyPath: "name" },
});

export const held = pocket.held;
export const find = pocket.find;
export const keep = pocket.keep;
export const drop = pocket.drop;
export const empty = pocket.empty;

// Nothing readable stays: copies that nobody has touched for as long as the browser may stay open.
export async function dropStale() {
  for (const copy of await held("copies")) {
    if (Date.now() - copy.touched > copy.idle * 60000) await drop("copies", copy.sitting);
  }
}
