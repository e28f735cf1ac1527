// What the page tells of keyings on this device: how many of one's own wait, whose others do, and which
// were refused, why, and what to do next.

import { device } from "./keying-device.js";

const waitingPart = document.getElementById("waiting");
const said = JSON.parse(waitingPart.dataset.said);
const inWords = (name, values) => said[name].replace(/\{(\w+)\}/g, (_whole, place) => values[place]);
const place = (id) => document.getElementById(id);

// `keyer` is null where nobody has said who they are: then all are others.
export async function showWaiting(keyer) {
  const all = await device.held("keyings");
  const own = all.filter((one) => one.keyer === keyer);
  const waits = own.filter(({ refused }) => !refused);
  const refused = own.filter((one) => one.refused);
  waitingPart.hidden = !all.length;
  const serials = waits.map(({ serial }) => serial).join(", ");
  place("waiting-own").hidden = !waits.length;
  place("waiting-own").textContent = waits.length ? inWords("waiting", { n: waits.length, serials }) : "";
  place("waiting-others").replaceChildren(...othersOf(all, keyer));
  place("send-keyings").hidden = !own.length;
  place("refused").replaceChildren(...refused.map((one) => refusal(one, keyer)));
}

function othersOf(all, keyer) {
  const counts = new Map();
  for (const one of all) if (one.keyer !== keyer) counts.set(one.name, (counts.get(one.name) ?? 0) + 1);
  return [...counts].map(([name, n]) =>
    Object.assign(document.createElement("p"), { textContent: inWords("waiting_others", { name, n }) }),
  );
}

function refusal(keying, keyer) {
  const row = place("refused-row").content.cloneNode(true);
  row.querySelector("b").textContent = inWords("refused", keying);
  row.querySelector("span").textContent = why(keying.refused);
  row.querySelector("button").addEventListener("click", async () => {
    if (!confirm(inWords("delete_sure", keying))) return;
    await device.drop("keyings", [keying.keyer, keying.serial]);
    await showWaiting(keyer);
  });
  return row;
}

// The server's word, or the status that it failed with.
function why(refused) {
  if (typeof refused === "number") return inWords("failed", { status: refused });
  return said[`refused_${refused}`] ?? said.refused_unopened;
}

// What became of sending, in one line.
export function tellSent({ reached, failed, signedIn, stored }, keyer, left) {
  if (failed) return inWords("server_fails", { status: failed });
  if (!reached) return said.no_line;
  if (signedIn === null) return left ? said.signed_out : said.line;
  if (keyer !== null && signedIn.keyer !== keyer) return inWords("other_signed_in", signedIn);
  return stored ? inWords("sent", { n: stored }) : said.line;
}
