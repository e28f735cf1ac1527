// What a keyer's device holds, in IndexedDB: the batches taken along, sheets that were begun (as
// ciphertext, opened by the keyer's password alone), and sheets keyed to their end, sealed to the
// server's key, which nobody opens here.

import { tables } from "./storing.js";

const OWN = ["keyer", "serial"];

export const device = tables("beboerpuls-keying", {
  batches: { keyPath: ["keyer", "id"] },
  sheets: { keyPath: OWN },
  drafts: { keyPath: OWN },
  keyings: { keyPath: OWN },
  locks: { keyPath: "keyer" },
  notes: { keyPath: "name" },
});

export const PAGES = "beboerpuls-keying";

export const ownRows = async (table, keyer) =>
  (await device.held(table)).filter((row) => row.keyer === keyer);
