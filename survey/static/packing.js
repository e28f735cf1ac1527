// What a page of questions sends, and what it says: read off the form as it stands.

import { keep } from "./pocket.js";
import { sealBox, uuid, whoseIs } from "./sealing.js";

export const NOT_ANSWERED = -8;
const CONTROLS = ["csrf_token", "write", "revision", "response", "move", "writer", "turn", "helper"];

// Exactly what the browser would send: names and values, the pressed button's too.
export function fieldsOf(form, move) {
  const fields = Array.from(new FormData(form)).filter(([name]) => name !== "move");
  return fields.concat([["move", move]]);
}

// The digits of Arabic, Persian and Urdu keyboards are digits too.
const western = (text) =>
  text.replace(/[٠-٩]/g, (sign) => sign.charCodeAt(0) - 0x660).replace(/[۰-۹]/g, (sign) => sign.charCodeAt(0) - 0x6f0);

export const numberOf = (text) => (/^\d{1,9}$/.test(western(text)) ? Number(western(text)) : null);

// A month as 201405, however it was written: the rules of instruments/answers.py. `fits` says which
// years may be meant, where a month and a year without a sign between them could be read both ways.
export function monthOf(text, fits = () => true) {
  const written = western(text.trim());
  const first = /^(\d{1,2})[\s./-]*(\d{4})$/.exec(written);
  const last = /^(\d{4})[\s./-]*(\d{1,2})$/.exec(written);
  const meant = [first && [first[2], first[1]], last && [last[1], last[2]]]
    .filter(Boolean)
    .map((one) => one.map(Number))
    .filter(([, month]) => month >= 1 && month <= 12);
  const [year, month] = meant.find(([one]) => fits(one)) || meant[0] || [0, 0];
  return month ? year * 100 + month : null;
}

const likely = (year) => year >= 1900 && year < 2200;

// column -> answer, as the server will store it.
export function answersOf(form) {
  const answers = {};
  const columns = new Map();
  for (const one of form.elements) {
    if (!one.name || CONTROLS.includes(one.name) || one.matches("button,[type=hidden],fieldset,:disabled"))
      continue;
    if (!columns.has(one.name)) columns.set(one.name, []);
    columns.get(one.name).push(one);
  }
  for (const [column, inputs] of columns) answers[column] = answerOf(inputs);
  return answers;
}

function answerOf(inputs) {
  const places = inputs.filter((one) => one.matches("select"));
  const ranked = places.filter(({ value }) => value).map(({ value }) => Number(value));
  if (ranked.length) return ranked;
  const entry = inputs.find((one) => one.matches(".entry"));
  const typed = entry ? entry.value.trim() : "";
  if (typed) {
    if (entry.dataset.kind === "month") {
      const month = monthOf(typed, likely);
      return month === null ? NOT_ANSWERED : month;
    }
    if (entry.inputMode !== "numeric") return entry.value;
    const number = numberOf(typed);
    return number === null ? NOT_ANSWERED : number;
  }
  const apart = (one) => one.closest(".answers-apart") !== null;
  const chosen = inputs.filter((one) => one !== entry && one.checked);
  const options = chosen.filter((one) => !apart(one)).map(({ value }) => Number(value));
  const reasons = chosen.filter(apart).map(({ value }) => Number(value));
  if (entry) return reasons.length ? reasons[0] : NOT_ANSWERED;
  if (inputs.some((one) => one.type === "checkbox" && !apart(one)) && options.length)
    return options.sort((one, other) => one - other);
  const all = options.concat(reasons);
  return all.length ? all[0] : NOT_ANSWERED;
}

// A pack, sealed. Page 0 is the page after the last.
export async function sealed(copy, page, fields) {
  const move = fields.find(([name]) => name === "move")[1];
  const content = {
    format: 1,
    page,
    language: copy.language,
    fields: fields.filter(([name]) => name !== "csrf_token"),
  };
  if (move === "send" || move === "skip") {
    content.whole = {};
    for (const [column, answer] of Object.entries(copy.answers))
      if (answer !== NOT_ANSWERED && answer !== null) content.whole[column] = answer;
    if (copy.began !== null) content.minutes = Math.max(0, (Date.now() - copy.began) / 60000);
  }
  return {
    id: uuid(),
    wave: copy.wave,
    key: copy.key,
    box: await sealBox(copy, content),
    whose: await whoseIs(copy.response),
    slot: copy.slots[page] || (copy.slots[page] = uuid()),
  };
}

// Put down, so that it outlives this page and this browser.
export async function putDown(pack) {
  pack.order = await keep("waiting", pack);
  await sendBehind();
}

// Put down, and left to its form for so many milliseconds.
export async function putDownFor(patience, pack) {
  pack.until = Date.now() + patience;
  pack.order = await keep("waiting", pack);
}

export async function setFree(pack) {
  pack.until = 0;
  await keep("waiting", pack);
  await sendBehind();
}

async function sendBehind() {
  // Some browsers send by themselves when the line is back, though they were closed.
  try {
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration && registration.sync) await registration.sync.register("deliver");
  } catch (_) {
    // Then it is sent at the next visit.
  }
}
