// Sends what waits, in the order in which it was answered. A pack goes from the phone only when the
// server has said what became of it; sent twice it is stored once, so that doubt costs nothing.

import { drop, held, keep } from "./pocket.js";

const AT_ONCE = 20;
const LARGEST_POST = 150000;
const PATIENCE = 12000;

// A request that gives up after a while: a bad line may never answer.
export function ask(address, options, patience) {
  const stop = typeof AbortController === "function" ? new AbortController() : null;
  const asked = fetch(address, Object.assign({}, options, stop ? { signal: stop.signal } : {}));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error("no answer"));
      if (stop) stop.abort();
    }, patience);
    asked.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

function batchOf(packs) {
  const batch = [];
  let size = 0;
  for (const pack of packs) {
    size += pack.box.length;
    if (batch.length === AT_ONCE || (batch.length && size > LARGEST_POST)) break;
    batch.push(pack);
  }
  return batch;
}

async function post(batch, here, patience) {
  const packs = batch.map(({ id, wave, key, box }) => ({ id, wave, key, box }));
  const answer = await ask(
    "/deliver",
    {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ packs, here }),
    },
    patience
  );
  if (answer.status === 413 && batch.length === 1) return [{ id: batch[0].id, became: "refused" }];
  // A hotel's or a train's own page is no answer of ours.
  const told = (await answer.json()).packs;
  if (!Array.isArray(told)) throw new Error("not our server");
  return told;
}

async function settle(pack, became) {
  if (pack.order === undefined) return;
  if (became !== "refused") return drop("waiting", pack.order);
  // What this server cannot open it may open again once its keys are put back: kept, out of the way.
  await keep("waiting", Object.assign({}, pack, { refused: (pack.refused || 0) + 1 }));
}

// A pack whose page is being sent by its form is left to it: the form is told of what is wrong with
// an answer, a pack is not. Should the form never come back, the pack is free after a while.
export const waiting = async () =>
  (await held("waiting")).filter((pack) => !pack.refused && !(pack.until > Date.now()));

// `before`: only packs older than this one; `also`: one that could not be put down.
// Tells what became of each, and whether the server was reached for all.
export async function deliver({ before = Infinity, also = null, here = false, patience = PATIENCE }) {
  const became = [];
  try {
    for (;;) {
      const packs = (await waiting().catch(() => [])).filter((pack) => pack.order < before);
      if (also) packs.push(also);
      if (!packs.length) return { became, reached: true };
      const batch = batchOf(packs);
      const told = await post(batch, here, patience);
      for (const one of told) {
        const pack = batch.find(({ id }) => id === one.id);
        if (!pack) continue;
        await settle(pack, one.became);
        became.push({ whose: pack.whose, became: one.became, id: one.id });
        if (pack === also) also = null;
      }
      if (told.filter(({ id }) => batch.some((pack) => pack.id === id)).length < batch.length) return { became, reached: false };
    }
  } catch (_) {
    return { became, reached: false };
  }
}
