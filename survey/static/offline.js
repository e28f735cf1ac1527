// The whole questionnaire on the phone, shown where the network gave no page. It goes on to the end;
// every page is sealed and waits, and is sent as soon as there is a line.

import { problemsOf, clearProblems, showProblems } from "./checking.js";
import { deliver, waiting } from "./delivering.js";
import { exclude } from "./excluding.js";
import { whenIdle } from "./idling.js";
import { NOT_ANSWERED, answersOf, fieldsOf, putDown, sealed } from "./packing.js";
import { readCopy, wipe, writeCopy } from "./readable.js";
import { offerReading } from "./reading.js";
import { uuid, whoseIs } from "./sealing.js";
import { steady, turnPage } from "./steadying.js";
import { tell, tellBecame, tellWaiting, words } from "./telling.js";
import { firstUnseen, hiddenColumns, isLast, pageAfter, pageBefore, shownPages } from "./walking.js";

const AGAIN = 4000;
const QUICK = 2500;
const ANY_CONTROL = "input, textarea, select";

const root = document.getElementById("offline");
const form = JSON.parse(root.dataset.form);
const parts = new Map(Array.from(root.children, (part) => [part.dataset.part, part]));
const helped = document.getElementById("helped");
let copy = null;
let at = "";
let busy = false;
let changed = false;
let mine = null; // whose packs this page speaks of; null for whoever has none here
let finished = false;
let lost = false; // whether something came that can never be stored
let sending = false;
let door = false; // whether a fieldworker asks, and takes the phone back

start();

async function start() {
  steady();
  copy = await readCopy().catch(() => null);
  if (copy && copy.wave !== form.wave) copy = null;
  if (copy) mine = await whoseIs(copy.response);
  door = copy !== null && copy.door === true;
  document.getElementById("at-the-door").hidden = !door;
  for (const part of parts.values()) {
    const own = part.querySelector("form");
    if (!own) continue;
    exclude(own);
    own.addEventListener("input", () => (changed = true));
    own.addEventListener("submit", (event) => press(event, own));
  }
  addEventListener("popstate", ({ state }) => state && copy && show(state.part, false));
  const language = document.getElementById("other-language");
  if (language) language.addEventListener("click", () => tell(words.language));
  // The worker sends too, and says what became of it.
  navigator.serviceWorker.addEventListener("message", ({ data }) => learn(data.became));
  offerReading();
  if (copy) whenIdle(form.idle, () => close("leave"));
  if (copy) show(whereTo(), true);
  else show(location.pathname === "/left" ? "left" : "enter", false);
  await sendWaiting();
  setInterval(sendWaiting, AGAIN);
  addEventListener("online", sendWaiting);
}

// Where the person was going when the line was lost; else what the address says, where they may be.
function whereTo() {
  const { from } = copy;
  if (from) {
    copy.from = null;
    if (from.page === 0) return "send";
    if (from.move === "back") return String(pageBefore(form, copy, from.page) || from.page);
    const ends = from.move === "send" || (from.move === "skip" && !pageAfter(form, copy, from.page));
    return ends ? "done" : String(pageAfter(form, copy, from.page) || "send");
  }
  const asked = /^\/page\/(\d+)$/.exec(location.pathname);
  const unseen = firstUnseen(form, copy);
  const page = asked ? Number(asked[1]) : null;
  const known = shownPages(form, copy.answers).includes(page);
  if (known && (unseen === null || page <= unseen)) return String(page);
  return unseen === null ? "send" : String(unseen);
}

function show(name, push) {
  if (name === "done") return thank();
  at = name;
  changed = false;
  turnPage();
  for (const [one, part] of parts) part.hidden = one !== name;
  const part = parts.get(name);
  document.title = part.dataset.title;
  if (/^\d+$/.test(name)) prepare(part, Number(name));
  else if (name === "send") askWhoHelped(null);
  const address = name === "send" || name === "left" ? `/${name}` : `/page/${name}`;
  if (name !== "enter") history[push ? "pushState" : "replaceState"]({ part: name }, "", address);
  scrollTo(0, 0);
  part.querySelector("h1").focus();
}

function prepare(part, page) {
  const own = part.querySelector("form");
  const shown = shownPages(form, copy.answers);
  const place = shown.indexOf(page) + 1;
  const progress = words.progress.replace("{n}", place).replace("{of}", shown.length);
  part.querySelector(".progress-words").textContent = progress;
  const slats = part.querySelector(".progress");
  slats.textContent = "";
  for (let one = 1; one <= shown.length; one += 1) {
    const slat = document.createElement("li");
    if (one <= place) slat.className = "reached";
    slats.append(slat);
  }
  fill(part, own);
  askWhoHelped(isLast(form, copy, page) ? own : null);
  const last = isLast(form, copy, page);
  const forward = part.querySelector(".moves .button");
  forward.value = last ? "send" : "next";
  forward.textContent = last ? words.send : words.next;
  part.querySelector("[value=skip]").textContent = last ? words.sendAnyway : words.skip;
  part.querySelector("[value=back]").hidden = place === 1;
  part.querySelector(".reassurance").textContent = last ? words.final : words.saved;
  clearProblems(part);
}

// On the last page; there it is one of its fields, and else stands with the button that sends.
function askWhoHelped(own) {
  (own || document.getElementById("answers-send")).querySelector(".moves").before(helped);
}

// The questions that are asked now, numbered among themselves, with what was answered.
function fill(part, own) {
  const hidden = hiddenColumns(form, copy.answers);
  const questions = Array.from(own.querySelectorAll(".question:not(#helped)"));
  // Which other answer was meant may be said as soon as its question is asked.
  const open = (question) => !hidden.has(question.dataset.of || columnOf(question));
  const asked = questions.filter((question) => open(question) && !question.dataset.of);
  for (const question of questions) {
    question.hidden = !open(question);
    for (const input of question.querySelectorAll(ANY_CONTROL)) input.disabled = !open(question);
    const number = question.querySelector(".question-number");
    if (number) {
      number.hidden = asked.length < 2;
      const said = words.number.replace("{n}", asked.indexOf(question) + 1);
      number.textContent = said.replace("{of}", asked.length);
    }
    put(question, copy.answers[columnOf(question)]);
  }
}

const columnOf = (question) => question.querySelector(ANY_CONTROL).name;

function put(question, answer) {
  const codes = (Array.isArray(answer) ? answer : [answer]).map(String);
  const [entry, ...others] = question.querySelectorAll(".entry");
  for (const input of question.querySelectorAll("input:not(.entry)"))
    input.checked = codes.includes(input.value) && answer !== NOT_ANSWERED;
  if (!entry) return;
  if (entry.matches("select")) {
    const ranked = Array.isArray(answer) ? answer : [];
    [entry, ...others].forEach((one, place) => (one.value = place < ranked.length ? ranked[place] : ""));
    return;
  }
  const written = typeof answer === "string" || (typeof answer === "number" && answer >= 0);
  const month = written && entry.dataset.kind === "month";
  entry.value = month ? `${answer % 100}/${Math.floor(answer / 100)}` : written ? answer : "";
}

async function press(event, own) {
  event.preventDefault();
  const button = event.submitter || document.activeElement;
  const move = button && button.form === own ? button.value : own.querySelector(".button").value;
  await go(own, move);
}

async function go(own, move) {
  if (busy) return;
  busy = true;
  try {
    await take(own, move);
  } finally {
    busy = false;
  }
}

async function take(own, move) {
  const page = at === "send" ? 0 : Number(at);
  const part = parts.get(at);
  if (page) {
    const problems = move === "next" || move === "send" ? problemsOf(own, form.rules) : [];
    showProblems(part, problems);
    if (problems.length) return;
    Object.assign(copy.answers, answersOf(own));
    if (!copy.seen.includes(page)) copy.seen.push(page);
  } else if (move === "back") {
    const shown = shownPages(form, copy.answers);
    return show(String(shown[shown.length - 1]), true);
  }
  const next = move === "back" ? pageBefore(form, copy, page) || page : page && pageAfter(form, copy, page);
  const ends = move === "send" || (move === "skip" && !next);
  const pack = await packOf(own, page, ends ? "send" : move);
  if (!(await putOrSend(pack))) return tell(words.full);
  if (ends || move === "leave") return close(ends ? "done" : "left");
  await writeCopy(copy).catch(() => {});
  if (await backOnline()) return location.assign(next ? `/page/${next}` : "/send");
  show(next ? String(next) : "send", true);
}

async function packOf(own, page, move) {
  copy.turn += 1;
  const extra = [
    ["write", uuid()],
    ["revision", String(copy.revision)],
    ["response", copy.response],
    ["writer", copy.writer],
    ["turn", String(copy.turn)],
  ];
  return sealed(copy, page, fieldsOf(own, move).concat(extra));
}

// Put down; where the phone takes no more, sent at once or not at all.
async function putOrSend(pack) {
  try {
    await putDown(pack);
    return true;
  } catch (_) {
    const { became } = await deliver({ also: pack, here: true });
    return became.some(({ id }) => id === pack.id);
  }
}

// Whether all has come through, so that the next page can come from the server again.
async function backOnline() {
  const sent = deliver({ here: true, patience: QUICK });
  const { became, reached } = await sent;
  await learn(became);
  const remaining = await ours().catch(() => []);
  tellWaiting(remaining);
  return reached && !remaining.length;
}

// The end, of whatever kind: nothing readable stays, and what waits is sealed.
async function close(how) {
  if (copy === null) {
    // The receipt stood there still.
    parts.get("done").querySelector(".code").textContent = "";
    return show("left", false);
  }
  if (how === "leave") {
    const own = parts.get(at) && parts.get(at).querySelector("form");
    if (own && changed) return go(own, "leave");
    how = "left";
  }
  const { receipt } = copy;
  copy = null;
  for (const part of parts.values()) if (part.querySelector("form")) part.querySelector("form").reset();
  await wipe(mine);
  if (how === "left") show("left", false);
  else thank(receipt);
  await sendWaiting();
}

async function thank(receipt = copy.receipt) {
  const left = copy !== null;
  at = "done";
  const part = parts.get("done");
  for (const [one, other] of parts) other.hidden = one !== "done";
  document.title = part.dataset.title;
  part.querySelector(".code").textContent = receipt;
  if (door) coverReceipt(part);
  history.replaceState({ part: "done" }, "", "/done");
  scrollTo(0, 0);
  part.querySelector("h1:not([hidden])").focus();
  finished = true;
  if (left) {
    copy = null;
    await wipe(mine);
  }
  await sendWaiting();
}

// The receipt is the resident's: whoever asked sees it no sooner than it is uncovered.
function coverReceipt(part) {
  const covered = document.getElementById("covered");
  const receipt = part.querySelector(".receipt");
  receipt.hidden = true;
  covered.hidden = false;
  covered.querySelector("button").addEventListener("click", ({ target }) => {
    target.parentElement.hidden = true;
    receipt.hidden = false;
    receipt.tabIndex = -1;
    receipt.focus();
  });
}

function arrived() {
  const part = parts.get("done");
  document.getElementById("back-to-desk").hidden = !door;
  for (const one of part.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== "sent";
  document.title = part.dataset.sent;
}

const ours = async () => (await waiting()).filter(({ whose }) => !mine || whose === mine);

async function learn(became) {
  const own = became.filter(({ whose }) => !mine || whose === mine);
  lost = lost || own.some((one) => ["closed", "gone", "refused"].includes(one.became));
  const remaining = await ours();
  tellBecame(own, remaining);
  if (finished && !remaining.length && !lost) arrived();
}

async function sendWaiting() {
  if (sending) return;
  sending = true;
  try {
    const before = await ours();
    tellWaiting(before);
    const { became } = before.length ? await deliver({ here: copy !== null }) : { became: [] };
    await learn(became);
  } catch (_) {
    tell(words.stay);
  } finally {
    sending = false;
  }
}
