// What a page tells of drafts: that a person signed out, that a sheet needs no more keying, who keys now.

import { DRAFTS, draftName } from "./drafts.js";

function forget(unwanted) {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(DRAFTS) && unwanted(name)) sessionStorage.removeItem(name);
  }
}

function begun(person) {
  const own = draftName(person, "");
  return Object.keys(sessionStorage)
    .filter((name) => name.startsWith(own))
    .map((name) => ({
      serial: name.slice(own.length),
      draft: JSON.parse(sessionStorage.getItem(name)),
    }));
}

if (document.querySelector("[data-signed-out]")) forget(() => true);

const desk = document.querySelector("[data-keyer]");
if (desk) {
  const person = desk.dataset.keyer;
  forget((name) => !name.startsWith(draftName(person, "")));
  if (desk.dataset.done) forget((name) => name === draftName(person, desk.dataset.done));
  listBegun(begun(person));
}

function listBegun(sheets) {
  const part = document.querySelector("#begun");
  if (!part || !sheets.length) return;
  const line = part.querySelector("template");
  for (const { serial, draft } of sheets) {
    const copy = line.content.cloneNode(true);
    const link = copy.querySelector("a");
    link.href = link.getAttribute("href").replace("SERIAL", serial);
    copy.querySelector("[data-serial]").textContent = serial;
    copy.querySelector("[data-field]").textContent = draft.at + 1;
    line.before(copy);
  }
  part.hidden = false;
}
