// What a keyer's device holds, in IndexedDB: the batches taken along, sheets that were begun (as
// ciphertext, opened by the keyer's password alone), and sheets keyed to their end, sealed to the
// server's key, which nobody opens here.

import { tables } from "./storing.js";

const OWN = ["keyer", "serial"];

const shelves = tables("beboerpuls-keying", {
  batches: { keyPath: ["keyer", "id"] },
  sheets: { keyPath: OWN },
  drafts: { keyPath: OWN },
  keyings: { keyPath: OWN },
  locks: { keyPath: "keyer" },
  notes: { keyPath: "name" },
});

export const device = {
  ...shelves,
  // Fails where there is one of that key.
  add: (table, value) => shelves.within(table, "readwrite", (rows) => rows.add(value)),
  // All of it or nothing: rows of these keys go, these come.
  exchange: (table, gone, come) =>
    shelves.within(table, "readwrite", (rows) => {
      for (const key of gone) rows.delete(key);
      for (const value of come) rows.put(value);
      return rows.count();
    }),
};

export const PAGES = "beboerpuls-keying";

export const ownRows = async (table, keyer) =>
  (await device.held(table)).filter((row) => row.keyer === keyer);

// Why a sheet that was begun is not to be keyed any more, apart from the draft, which another window may
// be writing.
const goneName = (keyer, serial) => `gone:${keyer}:${serial}`;

export const keepGone = (keyer, serial, why) =>
  why ? device.keep("notes", { name: goneName(keyer, serial), why }) : device.drop("notes", goneName(keyer, serial));

export const whyGone = async (keyer, serial) => (await device.find("notes", goneName(keyer, serial)))?.why;
