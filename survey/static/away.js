// Keying without a line, on a page that this device has kept: who keys unlocks it with their password,
// names a sheet that was taken along, and keys it as with a line. What is keyed is sealed and put down.

import { allWritten, begunAway, draftAway, forgetAway, keepAway } from "./away-drafts.js";
import { whenIdle } from "./idling.js";
import { device, ownRows } from "./keying-device.js";
import { beginKeying } from "./keying-keys.js";
import { putKeyingDown, sendKeyings } from "./keyings.js";
import { keyOnPad } from "./keying-serial.js";
import { part, state } from "./keying-sheet.js";
import { openLock } from "./locking.js";
import { couldBeSerial, normaliseSerial } from "./serials.js";
import { showWaiting, tellSent } from "./waiting.js";
import { filled } from "./wording.js";

const AGAIN = 15000;

const root = part("away");
const speech = JSON.parse(root.dataset.said);
const told = (name, values) => filled(speech[name], values);
const asked = /^\/keying\/(\d+)$/.exec(location.pathname)?.[1] ?? new URLSearchParams(location.search).get("serial");
let me = null; // { keyer, name, key }: who has unlocked this page

function show(name) {
  for (const id of ["locked", "which", "keying"]) part(id).hidden = id !== name;
  part("beneath").hidden = name === "keying";
  part("title").classList.toggle("sheet-name", name === "keying");
}

// ---- Unlocking

async function askWho() {
  const locks = await device.held("locks");
  part("nothing-along").hidden = locks.length > 0;
  if (!locks.length) return;
  part("who").replaceChildren(
    ...locks.map(({ keyer, name }) =>
      Object.assign(document.createElement("option"), { value: keyer, textContent: name }),
    ),
  );
  part("unlock").addEventListener("submit", unlock);
  title(speech.locked);
  show("locked");
  part("password").focus();
}

async function unlock(event) {
  event.preventDefault();
  const lock = await device.find("locks", Number(part("who").value));
  const key = await openLock(lock, part("password").value);
  wrong("password", key === null ? speech.wrong_password : "");
  if (key === null) return part("password").select();
  part("password").value = "";
  me = { keyer: lock.keyer, name: lock.name, key };
  whenIdle(Number(root.dataset.idle), () => allWritten().then(() => location.reload()));
  if (asked) return open(asked);
  await chooseSheet();
}

function wrong(id, text) {
  const problem = part(`${id}-problem`);
  problem.hidden = !text;
  problem.querySelector("[data-text]").textContent = text;
  part(id).setAttribute("aria-invalid", String(Boolean(text)));
}

// ---- Choosing a sheet

async function chooseSheet(saved = "") {
  history.replaceState(null, "", "/keying/away");
  part("where").textContent = "";
  title(speech.title);
  part("saved").textContent = saved && told("saved", { serial: saved });
  part("serial").value = "";
  wrong("serial", "");
  await listBegun();
  await listBatches();
  show("which");
  part("serial").focus();
  await sendNow();
}

function title(text) {
  part("title").textContent = text;
  document.title = told("page_title", { page: text });
}

async function listBegun() {
  const begun = await begunAway(me);
  part("begun").hidden = !begun.length;
  part("begun-sheets").replaceChildren(...begun.map((one) => (one.along ? begunSheet(one) : goneSheet(one))));
}

function begunSheet({ serial, at }) {
  const row = part("begun-row").content.cloneNode(true);
  const [goOn, remove] = row.querySelectorAll("button");
  goOn.querySelector("[data-sheet]").textContent = told("begun", { serial, field: at + 1 });
  goOn.addEventListener("click", () => open(serial));
  remove.querySelector("span").textContent = told("sheet", { serial });
  remove.addEventListener("click", () => forget(serial));
  return row;
}

async function forget(serial) {
  if (!confirm(told("delete_sure", { serial }))) return;
  await forgetAway(me, serial);
  await listBegun();
  part("serial").focus();
}

// Begun, and not to be keyed any more: it stays until its keyer has read why and deletes it.
function goneSheet({ serial, at, gone }) {
  const row = part("gone-row").content.cloneNode(true);
  row.querySelector("b").textContent = told("gone", { serial, field: at + 1 });
  row.querySelector("p span").textContent = speech[`gone_${gone}`] ?? speech[`refused_${gone}`] ?? speech.refused_elsewhere;
  row.querySelector("button span").textContent = told("sheet", { serial });
  row.querySelector("button").addEventListener("click", () => forget(serial));
  return row;
}

async function listBatches() {
  const keyed = new Set((await ownRows("keyings", me.keyer)).map(({ serial }) => serial));
  const left = (await ownRows("sheets", me.keyer)).filter(({ serial }) => !keyed.has(serial));
  part("batches-along").replaceChildren(
    ...(await ownRows("batches", me.keyer)).map(({ id, name }) => {
      const n = left.filter(({ batch }) => batch === id).length;
      return Object.assign(document.createElement("li"), { textContent: told("batch", { name, n }) });
    }),
  );
}

async function open(typed) {
  const serial = normaliseSerial(typed);
  const place = [me.keyer, serial];
  const sheet = await device.find("sheets", place);
  const problem = !couldBeSerial(serial)
    ? "mistyped"
    : (await device.find("keyings", place))
      ? "keyed_here"
      : sheet
        ? ""
        : "not_along";
  if (!problem) return keySheet(sheet);
  if (part("which").hidden) await chooseSheet();
  part("saved").textContent = "";
  part("serial").value = typed;
  wrong("serial", told(problem, { received: typed }));
  part("serial").select();
}

// ---- Keying

async function keySheet({ serial, number, language, batch }) {
  const taken = await device.find("batches", [me.keyer, batch]);
  const draft = await draftAway(me, serial);
  history.pushState(null, "", `/keying/away?serial=${serial}`);
  part("where").textContent = `${taken.name}. ${speech.passes[number - 1]}.`;
  title(told("sheet", { serial }));
  part("saved").textContent = "";
  part("blind").hidden = !taken.blind;
  show("keying");
  const sheet = { ...taken.form, serial, language, now: Math.floor(Date.now() / 1000) };
  const worked = workedOn(draft);
  beginKeying(sheet, draft, {
    keep: (kept) => keepAway(me, serial, { ...kept, worked: worked() }),
    aside: () => allWritten().then(() => chooseSheet()),
    save: () => save(taken, serial, worked()),
  });
}

// Seconds at a sheet, summed over the times that it was on the screen, by a clock that nobody can put right
// or wrong. Of a sheet that was begun elsewhere nobody knows.
function workedOn(draft) {
  const before = draft ? draft.worked : 0;
  const since = performance.now();
  return () => (typeof before === "number" ? before + (performance.now() - since) / 1000 : null);
}

async function save(batch, serial, worked) {
  if (part("save").disabled) return;
  part("save").disabled = true;
  try {
    await allWritten();
    await putKeyingDown(batch, me, serial, { ...state.draft, worked });
    await chooseSheet(serial);
  } catch (failure) {
    part("review-lead").textContent = speech[failure.name === "ConstraintError" ? "twice" : "full"];
  } finally {
    part("save").disabled = false;
  }
}

// ---- Sending

async function sendNow(options = {}) {
  const sent = await sendKeyings(options);
  const left = (await device.held("keyings")).length;
  part("line").textContent = tellSent(sent, me && me.keyer, left, options.anew);
  part("sign-in").hidden = !(sent.reached && !sent.failed && sent.signedIn === null && left);
  await showWaiting(me && me.keyer);
}

part("which").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  open(part("serial").value);
});
part("send-keyings").addEventListener("click", () => sendNow({ anew: true }));
addEventListener("popstate", () => me && allWritten().then(() => chooseSheet()));
addEventListener("online", () => sendNow());
addEventListener("offline", () => sendNow());
setInterval(() => sendNow(), AGAIN);
keyOnPad(part("serial"));
part("needs-script").hidden = true;
askWho().then(() => sendNow());
