// Sends what waits on this device, in order. What became of a pack is what the server says of it, and
// nothing else; sent twice it is stored once, so that doubt costs nothing.

const AT_ONCE = 20;
const LARGEST_POST = 150000;

// A request that gives up after a while: a bad line may never answer.
export function ask(address, options, patience) {
  const stop = typeof AbortController === "function" ? new AbortController() : null;
  const asked = fetch(address, Object.assign({ signal: stop && stop.signal }, options));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error("no answer"));
      stop && stop.abort();
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

// What is sealed of a pack, and to whose key: all that the server is given of it.
export const boxes = (batch) => batch.map(({ id, wave, key, box }) => ({ id, wave, key, box }));

// `waiting` gives what is to be sent, without what `settle` has laid aside; `post` sends some of it, and
// gives what the server says. Tells what became of each, and whether the server was reached for all.
export async function sendPacks({ waiting, post, settle }) {
  const became = [];
  try {
    for (;;) {
      const packs = await waiting();
      if (!packs.length) return { became, reached: true };
      const batch = batchOf(packs);
      let told = 0;
      for (const one of await post(batch)) {
        const pack = batch.find(({ id }) => id === one.id);
        if (!pack) continue;
        await settle(pack, one.became);
        became.push({ whose: pack.whose, became: one.became, id: one.id });
        told += 1;
      }
      if (told < batch.length) return { became, reached: false };
    }
  } catch (_) {
    return { became, reached: false };
  }
}
