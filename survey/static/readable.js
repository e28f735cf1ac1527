// The readable copy: all that was answered so far, to go on without a line. It lies in the phone as
// ciphertext; the key lives in this tab's session alone, and both end with the person.

import { drop, empty, find, keep } from "./pocket.js";
import { makeTabKey, openForTab, sealForTab } from "./sealing.js";

const TAB = "beboerpuls";

export function tab() {
  try {
    return JSON.parse(sessionStorage.getItem(TAB));
  } catch (_) {
    return null;
  }
}

export async function readCopy() {
  const known = tab();
  const found = known && (await find("copies", known.sitting));
  if (!found || Date.now() - found.touched > found.idle * 60000) return null;
  return openForTab(known.key, found);
}

export async function writeCopy(copy) {
  let known = tab();
  if (!known) {
    known = { sitting: copy.writer, key: makeTabKey() };
    sessionStorage.setItem(TAB, JSON.stringify(known));
  }
  const { nonce, sealed } = await sealForTab(known.key, copy);
  const touched = Date.now();
  await keep("copies", { sitting: known.sitting, nonce, sealed, touched, idle: copy.idle });
}

// Whoever sits here next finds nothing. Packs that wait are sealed, and stay until they are sent.
export async function wipe(whose) {
  try {
    sessionStorage.removeItem(TAB);
    await empty("copies");
    await drop("notes", "now");
    if (whose) await keep("notes", { name: "ended", whose });
  } catch (_) {
    // Where nothing could be kept there is nothing to wipe.
  }
}
