// Sheets that were begun without a line: on this device, sealed with the key that its keyer's password opens.

import { forgetDraft, keptDraft } from "./drafts.js";
import { device, keepGone, ownRows, whyGone } from "./keying-device.js";
import { forgetSealed } from "./sealed-drafts.js";
import { openForTab, sealForTab } from "./sealing.js";

let written = Promise.resolve();
let newest = null;

// One after another, so that an older one comes not to lie over a newer; of several that wait for a slow
// disk, the newest alone. Whoever goes on to another sheet waits for `allWritten`; whoever looks at the
// page sees by `data-writing` whether the disk has the newest.
export function keepAway({ keyer, key }, serial, draft) {
  const now = (newest = structuredClone(draft));
  const page = document.getElementById("away");
  page.dataset.writing = "";
  written = written.then(async () => {
    if (now !== newest || (await device.find("keyings", [keyer, serial]))) return;
    // A sheet that was only looked at is none that was begun, nor need its paper lie here.
    if (!Object.keys(now.values).length) return;
    await device.keep("drafts", { keyer, serial, ...(await sealForTab(key, now)) });
    await forgetWithLine(keyer, serial);
  });
  written = written
    .then(() => now === newest && delete page.dataset.writing)
    .catch(() => {}); // what the device does not take stands in the page still
}

const takenOver = new Set();

// What was begun of it with a line lies here by now, and must not be gone on with beside it.
async function forgetWithLine(keyer, serial) {
  forgetDraft(keyer, serial);
  if (!takenOver.has(serial)) await forgetSealed(keyer, serial);
  takenOver.add(serial);
}

export const allWritten = () => written;

// What was begun in this tab while there was a line comes along.
export async function draftAway({ keyer, key }, serial) {
  const inTab = keptDraft(keyer, serial);
  const row = inTab ? null : await device.find("drafts", [keyer, serial]);
  return inTab ?? (row ? openForTab(key, row) : null);
}

// [{ serial, at, along, gone }]; `gone` is why a sheet is not `along` any more, where that was told. Those
// that were keyed to their end and wait are begun no more.
export async function begunAway({ keyer, key }) {
  const begun = [];
  for (const row of await ownRows("drafts", keyer)) {
    const { serial } = row;
    if (await device.find("keyings", [keyer, serial])) continue;
    const along = Boolean(await device.find("sheets", [keyer, serial]));
    begun.push({ serial, at: (await openForTab(key, row)).at, along, gone: await whyGone(keyer, serial) });
  }
  return begun;
}

export async function forgetAway({ keyer }, serial) {
  await device.drop("drafts", [keyer, serial]);
  await keepGone(keyer, serial, null);
  await forgetSealed(keyer, serial);
}
