// Sheets keyed without a line: sealed and put down here, sent when their keyer is signed in and the line
// is back. One goes from the device only when the server has said that it is stored, or when its keyer
// deletes what was refused.

import { device, ownRows } from "./keying-device.js";
import { sealBox } from "./sealing.js";
import { ask, boxes, sendPacks } from "./sending.js";

const PATIENCE = 12000;

const seconds = () => Date.now() / 1000;

// Fails where one of this sheet waits already, and where the device takes no more: the draft then stays.
export async function putKeyingDown(batch, { keyer, name }, serial, draft) {
  const { id, values, languages, started } = draft;
  const content = { format: 1, kind: "keying", keyer, serial, id, values, languages, started, finished: seconds() };
  const { wave, key } = batch;
  await device.add("keyings", { keyer, name, serial, id, wave, key, box: await sealBox(batch, content) });
  await device.drop("drafts", [keyer, serial]);
}

// Whose keyings this browser may send: { keyer, name, token }; keyer is null where nobody is signed in.
export async function askWhoKeys() {
  const headers = { Accept: "application/json" };
  const answer = await ask("/keying/line", { credentials: "same-origin", headers }, PATIENCE);
  if (!answer.ok && answer.status !== 401) throw new Error("no answer of ours");
  return answer.json();
}

let sending = null;

// { reached, signedIn, stored }; two calls at once are one. `anew`: what was refused is tried again.
export function sendKeyings({ anew = false } = {}) {
  sending ??= sendOwn(anew).finally(() => (sending = null));
  return sending;
}

async function sendOwn(anew) {
  let line;
  try {
    line = await askWhoKeys();
  } catch {
    return { reached: false, signedIn: null, stored: 0 };
  }
  if (line.keyer === null) return { reached: true, signedIn: null, stored: 0 };
  if (anew) await freeRefused(line.keyer);
  const { became, reached } = await sendPacks({
    waiting: async () => (await ownRows("keyings", line.keyer)).filter(({ refused }) => !refused),
    post: (batch) => post(batch, line),
    settle,
  });
  const stored = became.filter((one) => one.became === "stored").length;
  return { reached, signedIn: line, stored };
}

async function freeRefused(keyer) {
  for (const { refused, ...keying } of await ownRows("keyings", keyer))
    if (refused) await device.keep("keyings", keying);
}

// Whose paper lies here, so that a sample is drawn of all of it and not of what is sent first alone.
async function inHand(keyer) {
  const rows = [...(await ownRows("keyings", keyer)), ...(await ownRows("drafts", keyer))];
  return rows.map(({ serial }) => serial);
}

async function post(batch, { keyer, token }) {
  const here = await inHand(keyer);
  const answer = await ask(
    "/keying/deliver",
    {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ now: seconds(), packs: boxes(batch), here }),
    },
    PATIENCE,
  );
  const told = (await answer.json()).packs;
  if (!Array.isArray(told)) throw new Error("not our server");
  return told;
}

async function settle(keying, became) {
  const place = [keying.keyer, keying.serial];
  if (became !== "stored") return device.keep("keyings", { ...keying, refused: became });
  await device.drop("keyings", place);
  await device.drop("sheets", place);
  // A device that went off between putting it down and ending its draft has the draft still.
  await device.drop("drafts", place);
}
