// Sheets keyed without a line: sealed and put down here, sent when their keyer is signed in and the line
// is back. One goes from the device only when the server has said that it is stored, or when its keyer
// deletes what was refused.

import { device, ownRows } from "./keying-device.js";
import { NO_ANSWER } from "./reaching.js";
import { forgetSealed } from "./sealed-drafts.js";
import { sealBox } from "./sealing.js";
import { ask, boxes, sendPacks } from "./sending.js";

const PATIENCE = 12000;
// What passes by itself: nothing is the matter with what was sent.
const LATER = [429, ...NO_ANSWER];

const seconds = () => Date.now() / 1000;

// Fails where one of this sheet waits already, and where the device takes no more: the draft then stays.
export async function putKeyingDown(batch, { keyer, name }, serial, draft) {
  const { id, values, languages, worked } = draft;
  const finished = seconds();
  const started = worked === null ? null : finished - worked;
  const content = { format: 1, kind: "keying", keyer, serial, id, values, languages, started, finished };
  const { wave, key } = batch;
  await device.add("keyings", { keyer, name, serial, id, wave, key, box: await sealBox(batch, content) });
  await device.drop("drafts", [keyer, serial]);
}

// Whose keyings this browser may send: { keyer, name, token }; keyer is null where nobody is signed in.
// `failed` is the status of a server that answers and cannot say.
async function askWhoKeys() {
  const headers = { Accept: "application/json" };
  const answer = await ask("/keying/line", { credentials: "same-origin", headers }, PATIENCE);
  return answer.ok || answer.status === 401 ? answer.json() : { keyer: null, failed: answer.status };
}

let sending = null;

// { reached, failed, signedIn, stored }; two calls at once are one. `anew`: what was refused is tried again.
export function sendKeyings({ anew = false } = {}) {
  sending ??= sendOwn(anew).finally(() => (sending = null));
  return sending;
}

const nobody = { reached: true, signedIn: null, stored: 0 };

async function sendOwn(anew) {
  let line;
  try {
    line = await askWhoKeys();
  } catch {
    return { ...nobody, reached: false };
  }
  if (line.keyer === null) return { ...nobody, failed: line.failed };
  await freeRefused(line.keyer, anew);
  const { became, reached } = await sendPacks({
    waiting: async () => (await ownRows("keyings", line.keyer)).filter(({ refused }) => !refused),
    post: (batch) => post(batch, line),
    settle,
  });
  const stored = became.filter((one) => one.became === "stored").length;
  if (line.signedOut) return { ...nobody, stored };
  return { reached, failed: line.failed, signedIn: line, stored };
}

let opening = true;

// What the server failed at is tried again whenever a page is opened; what it refused, when it is asked to.
async function freeRefused(keyer, anew) {
  for (const { refused, ...keying } of await ownRows("keyings", keyer))
    if (refused && (anew || (opening && typeof refused === "number"))) await device.keep("keyings", keying);
  opening = false;
}

// What became of each: the server's word, or the status that it failed with. What it fails at together it
// is asked of one by one, so that no keying holds back the others.
async function post(batch, line) {
  const answer = await ask(
    "/keying/deliver",
    {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": line.token },
      body: JSON.stringify({ now: seconds(), packs: boxes(batch) }),
    },
    PATIENCE,
  );
  const { status } = answer;
  line.signedOut = answer.redirected;
  if (answer.ok || LATER.includes(status)) {
    if (!answer.ok) line.failed = status;
    return packsIn(answer);
  }
  if (batch.length === 1) return [{ id: batch[0].id, became: status }];
  const told = [];
  for (const one of batch) told.push(...(await post([one], line)));
  return told;
}

async function packsIn(answer) {
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
  await forgetSealed(...place).catch(() => {});
}
