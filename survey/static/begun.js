// What a page tells of drafts: that a person signed out, that a sheet needs no more keying, who keys now.

import { DRAFTS, draftName } from "./drafts.js";
import { forgetAllSealed, forgetSealed, sealedOf } from "./sealed-drafts.js";

function forget(unwanted) {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(DRAFTS) && unwanted(name)) sessionStorage.removeItem(name);
  }
}

// In this tab, and by serial, since a tab that was closed or died has left them on the device alone.
async function begun(person) {
  const own = draftName(person, "");
  const found = new Map((await sealedOf(Number(person)).catch(() => [])).map(({ serial, at }) => [serial, at]));
  for (const name of Object.keys(sessionStorage).filter((one) => one.startsWith(own)))
    found.set(name.slice(own.length), JSON.parse(sessionStorage.getItem(name)).at);
  return [...found].map(([serial, at]) => ({ serial, at }));
}

const signedOut = document.querySelector("[data-signed-out]");
if (signedOut) {
  forget(() => true);
  // Should the page be left before, they are gone before anybody signs in again as the same person.
  forgetAllSealed(Number(signedOut.dataset.signedOut)).catch(() => {});
}

const desk = document.querySelector("[data-keyer]");
if (desk) {
  const person = desk.dataset.keyer;
  const { done } = desk.dataset;
  forget((name) => !name.startsWith(draftName(person, "")));
  if (done) {
    forget((name) => name === draftName(person, done));
    await forgetSealed(Number(person), done).catch(() => {});
  }
  listBegun(await begun(person));
}

function listBegun(sheets) {
  const part = document.querySelector("#begun");
  if (!part || !sheets.length) return;
  const line = part.querySelector("template");
  for (const { serial, at } of sheets) {
    const copy = line.content.cloneNode(true);
    const link = copy.querySelector("a");
    link.href = link.getAttribute("href").replace("SERIAL", serial);
    copy.querySelector("[data-serial]").textContent = serial;
    copy.querySelector("[data-field]").textContent = at + 1;
    line.before(copy);
  }
  part.hidden = false;
}
