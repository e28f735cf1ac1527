// On the page that asks for a sheet, while there is a line: takes batches along, keeps what was taken up to
// date, sends what was keyed without a line, and leads to sheets that were begun so.

import { keepPage } from "./caching.js";
import { PAGES, device, keepGone, ownRows, whyGone } from "./keying-device.js";
import { sendKeyings } from "./keyings.js";
import { keyOnPad } from "./keying-serial.js";
import { makeLock } from "./locking.js";
import { normaliseSerial } from "./serials.js";
import { showWaiting, tellSent } from "./waiting.js";
import { filled } from "./wording.js";

// So long a batch is as it was taken: this page is shown after every sheet.
const FRESH = 10 * 60 * 1000;

const place = (id) => document.getElementById(id);
const desk = document.querySelector("[data-keyer]");
const keyer = Number(desk.dataset.keyer);
const { name, page } = place("along").dataset;
const said = JSON.parse(place("waiting").dataset.said);
const token = document.querySelector("[name=csrf_token]").value;

const tell = (text) => (place("along-told").textContent = text);

// ---- Taking along

async function take(id) {
  const begun = await begunOf(id);
  const asked = new URLSearchParams(begun.map((serial) => ["begun", serial]));
  const answer = await fetch(`/keying/batches/${id}/along?${asked}`, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  // A hotel's own page is no answer of ours.
  const ours = (answer.headers.get("Content-Type") ?? "").includes("application/json");
  if (answer.status === 404 && ours) return forgetBatch(id, begun);
  if (!answer.ok || !ours) throw new Error("no batch");
  const { batch, form, sheets, gone } = await answer.json();
  for (const serial of begun) await keepGone(keyer, serial, gone[serial]);
  // First the batch: a sheet without one could not be keyed, should the device go off in between.
  await device.keep("batches", { keyer, ...batch, form, at: Date.now() });
  await exchangeSheets(id, sheets);
}

// Sheets of a batch that were begun here; and those that no batch here has any more.
async function begunOf(id) {
  const lies = new Map((await ownRows("sheets", keyer)).map(({ serial, batch }) => [serial, batch]));
  const serials = (await ownRows("drafts", keyer)).map(({ serial }) => serial);
  return serials.filter((serial) => (lies.get(serial) ?? id) === id);
}

async function exchangeSheets(id, sheets) {
  const before = (await ownRows("sheets", keyer)).filter(({ batch }) => batch === id);
  const rows = sheets.map((sheet) => ({ keyer, batch: id, ...sheet }));
  await device.exchange("sheets", before.map(({ serial }) => [keyer, serial]), rows);
}

// Of what lay in no batch any more it was told why before.
async function forgetBatch(id, begun = []) {
  for (const serial of begun)
    if (!(await whyGone(keyer, serial))) await keepGone(keyer, serial, "other_study");
  await exchangeSheets(id, []);
  await device.drop("batches", [keyer, id]);
}

// The page and its worker, as they are now.
async function keepUpToDate() {
  await navigator.serviceWorker.register("/keying/worker.js");
  await keepPage(PAGES, page, () => device.keep("notes", { name: "page", address: page }));
}

async function takeAlong(id) {
  try {
    tell(said.taking);
    // Asked for, not promised: a browser may clear what a site keeps when the disk is full.
    await navigator.storage.persist?.();
    await keepUpToDate();
    await take(id);
    tell([said.taken, (await begunSaid()).gone].filter(Boolean).join(" "));
  } catch {
    tell(said.not_taken);
  }
  await showAlong();
}

let wanted = null;

async function press(id) {
  if (await device.find("locks", keyer)) return takeAlong(id);
  wanted = id;
  place("lock").hidden = false;
  place("lock-password").focus();
}

function lock(event) {
  event.preventDefault();
  // Without a line, or signed out meanwhile, nothing of ours answers.
  makeOwnLock(place("lock-password").value).catch(() => tell(said.not_taken));
}

async function makeOwnLock(password) {
  const body = new URLSearchParams({ csrf_token: token, password });
  const answer = await fetch("/keying/lock", { method: "POST", credentials: "same-origin", body });
  const { right, problem } = await answer.json();
  place("lock-problem").hidden = right === true;
  if (!right) {
    place("lock-problem").querySelector("[data-text]").textContent = said[problem ?? "wrong_password"];
    place("lock-password").setAttribute("aria-invalid", "true");
    return place("lock-password").select();
  }
  await device.keep("locks", { keyer, name, ...(await makeLock(password)) });
  place("lock").hidden = true;
  place("lock-password").value = "";
  await takeAlong(wanted);
}

async function leaveHere() {
  const drafts = await ownRows("drafts", keyer);
  if (drafts.length && !confirm(filled(said.leave_sure, { n: drafts.length }))) return;
  for (const { serial } of drafts) {
    await device.drop("drafts", [keyer, serial]);
    await keepGone(keyer, serial, null);
  }
  for (const { id } of await ownRows("batches", keyer)) await forgetBatch(id);
  await device.drop("locks", keyer);
  tell(said.left);
  await showAlong();
}

async function showAlong() {
  const batches = new Set((await ownRows("batches", keyer)).map(({ id }) => id));
  for (const button of document.querySelectorAll("[data-batch]")) {
    button.hidden = false;
    button.firstElementChild.textContent = said[batches.has(Number(button.dataset.batch)) ? "along" : "take"];
  }
  const locked = Boolean(await device.find("locks", keyer));
  place("to-away").hidden = place("leave-here").hidden = !locked;
}

// ---- What lies here

async function sendNow(options = {}) {
  const sent = await sendKeyings(options);
  const left = (await ownRows("keyings", keyer)).length;
  place("line").textContent = sent.stored || left ? tellSent(sent, keyer, left, options.anew) : "";
  await showWaiting(keyer);
  // Without an answer the tables stand as they were.
  if (sent.stored) await showAnew().catch(() => {});
}

// What was sent is counted among what is keyed, as the server tells it by now.
async function showAnew() {
  const answer = await fetch(location.pathname, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["batches-told", "own-told"]) {
    const told = page.getElementById(id);
    if (told) place(id).replaceChildren(...told.childNodes);
  }
  await showAlong();
}

// A sheet that was begun or keyed without a line is gone on with there, so that nobody keys it twice.
async function goToSheet(event) {
  event.preventDefault();
  const serial = normaliseSerial(place("serial").value);
  const begunHere = async () =>
    (await device.find("drafts", [keyer, serial])) ?? (await device.find("keyings", [keyer, serial]));
  if (await begunHere().catch(() => null)) location.assign(`/keying/away?serial=${serial}`);
  else event.target.submit();
}

// Each by itself: what cannot be fetched now leaves what was taken as it is, and holds back no other.
async function renew(old, pageToo) {
  let all = true;
  const failed = () => (all = false);
  if (pageToo) await keepUpToDate().catch(failed);
  for (const { id } of old) await take(id).catch(failed);
  return all;
}

async function begin() {
  await showAlong();
  await sendNow();
  await device.drop("sheets", [keyer, desk.dataset.done]);
  const batches = await ownRows("batches", keyer);
  const old = batches.filter(({ at }) => Date.now() - at > FRESH);
  const kept = await device.find("notes", "page");
  const renewed = await renew(old, batches.length && (old.length || kept?.address !== page));
  const { here, gone } = await begunSaid();
  const lines = [renewed ? "" : said.not_renewed, here, gone].filter(Boolean);
  if (lines.length) tell(lines.join(" "));
  await showAlong();
}

// What is told of sheets that were begun here: those that can be gone on with, and those that cannot.
async function begunSaid() {
  const along = new Set((await ownRows("sheets", keyer)).map(({ serial }) => serial));
  const begun = (await ownRows("drafts", keyer)).map(({ serial }) => serial);
  const line = (name, serials) => serials.length && filled(said[name], { serials: serials.join(", ") });
  return {
    here: line("begun_here", begun.filter((serial) => along.has(serial))),
    gone: line("begun_gone", begun.filter((serial) => !along.has(serial))),
  };
}

keyOnPad(place("serial"));
if (isSecureContext && navigator.serviceWorker && crypto.subtle) {
  place("along").addEventListener("click", ({ target }) => {
    const button = target.closest("[data-batch]");
    if (button) press(Number(button.dataset.batch));
  });
  place("lock").addEventListener("submit", lock);
  place("leave-here").addEventListener("click", leaveHere);
  place("send-keyings").addEventListener("click", () => sendNow({ anew: true }));
  place("serial").form.addEventListener("submit", goToSheet);
  addEventListener("online", () => sendNow());
  begin().catch(() => {});
}
