// Sends a resident's packs, in the order in which they were answered. A pack goes from the phone only
// when the server has said what became of it.

import { drop, held, keep } from "./pocket.js";
import { ask, boxes, sendPacks } from "./sending.js";

const PATIENCE = 12000;

async function post(batch, here, patience) {
  const answer = await ask(
    "/deliver",
    {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ packs: boxes(batch), here }),
    },
    patience
  );
  // A hotel's or a train's own page is no answer of ours.
  const { packs, problem } = answer.status === 413 ? { problem: 1 } : await answer.json();
  // What our server will never take holds back nothing beside it: it is found by sending one alone.
  if (problem)
    return batch[1] ? post([batch[0]], here, patience) : batch.map(({ id }) => ({ id, became: "refused" }));
  if (!Array.isArray(packs)) throw new Error("not our server");
  return packs;
}

async function settle(pack, became) {
  if (pack.order === undefined) return;
  if (became !== "refused") return drop("waiting", pack.order);
  // What this server cannot open it may open again once its keys are put back: kept, out of the way.
  await keep("waiting", Object.assign(pack, { refused: 1 }));
}

// A pack whose page is being sent by its form is left to it: the form is told of what is wrong with
// an answer, a pack is not. Should the form never come back, the pack is free after a while.
export const waiting = async () =>
  (await held("waiting")).filter((pack) => !pack.refused && !(pack.until > Date.now()));

// `before`: only packs older than this one; `also`: one that could not be put down.
export function deliver({ before = Infinity, also = null, here = false, patience = PATIENCE }) {
  return sendPacks({
    waiting: async () => {
      const packs = (await waiting().catch(() => [])).filter((pack) => pack.order < before);
      return also ? packs.concat([also]) : packs;
    },
    post: (batch) => post(batch, here, patience),
    settle: async (pack, became) => {
      await settle(pack, became);
      if (pack === also) also = null;
    },
  });
}
