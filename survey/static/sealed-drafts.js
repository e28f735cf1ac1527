// Sheets that were begun with a network outlive their tab: on this device too, sealed with a key that the
// server gives to their keyer alone. A browser that dies loses nothing, and its disk gives nothing away.

import { openForTab, sealForTab } from "./sealing.js";
import { tables } from "./storing.js";

const LONGEST = 14 * 24 * 60 * 60 * 1000;

const shelf = tables("beboerpuls-begun", { drafts: { keyPath: ["keyer", "serial"] } });

// What must be known at once: whose drafts went with signing out, should the page be left before they are
// gone, and that a sheet was begun, since a keyer's first digits wait for no disk.
const gone = (keyer) => `begun-gone:${keyer}`;
const mark = (keyer, serial) => `begun:${keyer}:${serial}`;
const isSet = (name) => localStorage.getItem(name) !== null;

export const isSealed = ({ keyer, serial }) => isSet(mark(keyer, serial)) && !isSet(gone(keyer));

async function forgetGone(keyer) {
  if (!isSet(gone(keyer))) return;
  for (const row of await shelf.held("drafts")) if (row.keyer === keyer) await forgetSealed(keyer, row.serial);
  localStorage.removeItem(gone(keyer));
}

let sealedSoFar = Promise.resolve();
let newestSealed = null;

// After the key's field is shown, and of several that wait for a slow disk the newest alone. Where the
// browser has no cryptography (http from afar), or no room, the tab has it still. Whoever looks at the page
// sees by `data-writing` whether the disk has the newest.
export function keepSealed({ keyer, serial, draft_key: key }, draft) {
  if (!crypto.subtle) return;
  const now = (newestSealed = structuredClone(draft));
  const page = document.getElementById("keying");
  page.dataset.writing = "";
  sealedSoFar = sealedSoFar
    .then(async () => {
      if (now !== newestSealed) return;
      await forgetGone(keyer);
      const row = { keyer, serial, at: now.at, touched: Date.now() };
      await shelf.keep("drafts", { ...row, ...(await sealForTab(key, now)) });
      localStorage.setItem(mark(keyer, serial), "");
      if (now === newestSealed) delete page.dataset.writing;
    })
    .catch(() => {});
}

// Null where there is none. Fails where there is one that cannot be opened: it is not to be written over.
export async function openSealed({ keyer, serial, draft_key: key }) {
  const row = await shelf.find("drafts", [keyer, serial]);
  return row ? openForTab(key, row) : null;
}

// [{ serial, at }] of whoever is signed in; what nobody has touched for two weeks goes, whosever it is.
export async function sealedOf(keyer) {
  await forgetGone(keyer);
  const own = [];
  for (const row of await shelf.held("drafts")) {
    if (Date.now() - row.touched > LONGEST) await forgetSealed(row.keyer, row.serial);
    else if (row.keyer === keyer) own.push(row);
  }
  for (const { serial } of own) localStorage.setItem(mark(keyer, serial), "");
  return own;
}

export async function forgetSealed(keyer, serial) {
  localStorage.removeItem(mark(keyer, serial));
  await shelf.drop("drafts", [keyer, serial]);
}

// They have signed out.
export async function forgetAllSealed(keyer) {
  localStorage.setItem(gone(keyer), "");
  await forgetGone(keyer);
}
