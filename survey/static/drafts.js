// Sheets that were begun and not saved live in this tab alone: a reload keeps them, and saving,
// signing out or closing the tab ends them. Nobody but the person who keyed one gets it back.

const PREFIX = "keying:";

const nameOf = (person, serial) => `${PREFIX}${person}:${serial}`;

export function keep(person, serial, draft) {
  sessionStorage.setItem(nameOf(person, serial), JSON.stringify(draft));
}

export function kept(person, serial) {
  return JSON.parse(sessionStorage.getItem(nameOf(person, serial)));
}

function forget(unwanted) {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith(PREFIX) && unwanted(name)) sessionStorage.removeItem(name);
  }
}

function begun(person) {
  const own = nameOf(person, "");
  return Object.keys(sessionStorage)
    .filter((name) => name.startsWith(own))
    .map((name) => ({
      serial: name.slice(own.length),
      draft: JSON.parse(sessionStorage.getItem(name)),
    }));
}

// What the page says of drafts: that a person signed out, that a sheet needs no more keying, who keys now.
if (document.querySelector("[data-signed-out]")) forget(() => true);

const desk = document.querySelector("[data-keyer]");
if (desk) {
  const person = desk.dataset.keyer;
  forget((name) => !name.startsWith(nameOf(person, "")));
  if (desk.dataset.done) forget((name) => name === nameOf(person, desk.dataset.done));
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
