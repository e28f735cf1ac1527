// What the page tells of keyings on this device: how many of one's own wait, whose others do, and which
// were refused, why, and what to do next.

import { device } from "./keying-device.js";
import { filled } from "./wording.js";

const waitingPart = document.getElementById("waiting");
const said = JSON.parse(waitingPart.dataset.said);
const inWords = (name, values) => filled(said[name], values);
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
  place("send-keyings").textContent = said[waits.length ? "send" : "send_again"];
  // What was refused is let go when its keyer wants it to.
  place("waiting-note").hidden = all.every(({ refused }) => refused);
  place("refused").replaceChildren(...refused.map((one) => refusal(one, keyer)));
}

// Of each of the others: how many wait for them to sign in, and how many they must look at themselves.
function othersOf(all, keyer) {
  const counts = new Map();
  for (const { keyer: whose, name, refused } of all) {
    if (whose === keyer) continue;
    const [waits, laidAside] = counts.get(name) ?? [0, 0];
    counts.set(name, refused ? [waits, laidAside + 1] : [waits + 1, laidAside]);
  }
  const lines = [...counts].flatMap(([name, [waits, laidAside]]) => [
    waits && inWords("waiting_others", { name, n: waits }),
    laidAside && inWords("refused_others", { name, n: laidAside }),
  ]);
  return lines.filter(Boolean).map((textContent) => Object.assign(document.createElement("p"), { textContent }));
}

function refusal(keying, keyer) {
  const row = place("refused-row").content.cloneNode(true);
  row.querySelector("b").textContent = inWords("refused", keying);
  row.querySelector("p span").textContent = why(keying.refused);
  row.querySelector("button span").textContent = inWords("sheet", keying);
  row.querySelector("button").addEventListener("click", async () => {
    if (!confirm(inWords("delete_sure", keying))) return;
    await device.drop("keyings", [keying.keyer, keying.serial]);
    await showWaiting(keyer);
    place("serial").focus();
  });
  return row;
}

// The server's word, or the status that it failed with.
function why(refused) {
  if (typeof refused === "number") return inWords("failed", { status: refused });
  return said[`refused_${refused}`] ?? said.refused_unopened;
}

let sentHere = 0;

// What became of sending, in one line; what was sent stands until the page is left. `asked`: somebody
// pressed the button, and is told that it was tried.
export function tellSent({ reached, failed, signedIn, stored }, keyer, left, asked) {
  sentHere += stored;
  if (failed) return inWords("server_fails", { status: failed });
  if (!reached) return asked ? said.still_no_line : said.no_line;
  if (signedIn === null) return left ? said.signed_out : said.line;
  if (keyer !== null && signedIn.keyer !== keyer) return inWords("other_signed_in", signedIn);
  return sentHere ? inWords("sent", { n: sentHere }) : said.line;
}
