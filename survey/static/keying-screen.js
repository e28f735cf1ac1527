// What the keyer sees while a sheet is keyed: the field, and beside it what was keyed so far.
// Nothing here asks the browser for a measure before the field is shown, and what stays is not
// written again: both would cost a layout between the key and the next field.

import { isChoice, numbers, takesSeveral } from "./keying-fields.js";
import { drawPad } from "./keying-pad.js";
import { drawReview } from "./keying-review.js";
import {
  closed,
  entry,
  field,
  fields,
  part,
  put,
  reasonWord,
  say,
  sheet,
  shown,
  state,
  untaken,
  words,
} from "./keying-sheet.js";

// Where things stand below one another, each field begins at the top.
const NARROW = matchMedia("(max-width: 59.99rem)");

// `pick` is called with a field that the review names and the keyer clicks on.
export function drawScreen(pick) {
  const reviewing = state.mode === "review";
  part("field").hidden = reviewing;
  part("review").hidden = !reviewing;
  const hidden = closed();
  drawList(hidden);
  drawProgress(reviewing, hidden);
  if (reviewing) drawReview(hidden, pick);
  else drawField(hidden);
  drawNotice(hidden);
  drawPad();
}

function drawField(hidden) {
  const now = field();
  const jumping = state.mode === "jump";
  put(part("field-number"), jumping ? say("jump") : say("field", { number: now.number }));
  put(part("field-text"), jumping ? say("jump_help") : now.question);
  put(part("field-hint"), jumping ? "" : now.hint);
  drawCodes(jumping ? [] : now.codes);
  put(part("field-range"), jumping || isChoice(now) ? "" : rangeWords(now));
  drawEntry(now);
  part("in-language").hidden = jumping || now.kind !== "text";
  put(part("go-on"), words[goOnWords(now, hidden)]);
  part("go-on").hidden = Boolean(state.notice?.stop) && state.pending === undefined;
  if (document.activeElement !== entry) entry.focus({ preventScroll: true });
}

function goOnWords(now, hidden) {
  if (state.mode === "jump") return "go";
  if (state.pending !== undefined) return "keep_and_go_on";
  return hidden.has(now.column) && !untaken() ? "skip" : "next_field";
}

function rangeWords({ kind, lowest, highest, ends }) {
  if (kind === "text") return say("text_help");
  if (kind === "month") return say("month_help", { allowed: `${lowest ?? 0}–${highest ?? "…"}` });
  if (ends) return say("rating_help", { lowest, highest, low: ends[0], high: ends[1] });
  return say("range_help", { allowed: `${lowest ?? 0}–${highest ?? "…"}` });
}

let drawnCodes = "";

function drawCodes(codes) {
  const list = part("codes");
  const wanted = JSON.stringify([codes, state.chosen]);
  if (wanted === drawnCodes) return;
  drawnCodes = wanted;
  list.hidden = !codes.length;
  list.replaceChildren(
    ...codes.flatMap(({ code, label }) => {
      const ticked = state.chosen.includes(code);
      const term = Object.assign(document.createElement("dt"), { textContent: code });
      const text = Object.assign(document.createElement("dd"), {
        textContent: ticked ? say("ticked", { label }) : label,
      });
      term.className = text.className = ticked ? "ticked" : "";
      return [term, text];
    }),
  );
}

function drawEntry(now) {
  const text = now.kind === "text" && state.mode !== "jump";
  const value = state.mode === "jump" ? state.digits : standing(now);
  const word = !text && /[^\d]|\d{5}/.test(value);
  part("answer").classList.toggle("writing", text);
  entry.classList.toggle("keyed", !text);
  entry.classList.toggle("keyed-wide", !text && !isChoice(now));
  entry.classList.toggle("keyed-word", word);
  entry.maxLength = text ? now.longest : 40;
  entry.inputMode = text ? "text" : "none";
  const sign = state.mode === "reasons" ? "," : value;
  if (!text && entry.value !== sign) entry.value = sign;
  entry.placeholder =
    text && state.draft.values[now.column] < 0 ? reasonWord(state.draft.values[now.column]) : "";
  entry.setAttribute("aria-invalid", String(Boolean(state.notice?.stop)));
}

function standing(now) {
  if (state.notice?.wrong) return state.notice.wrong;
  if (state.pending !== undefined) return shown(state.pending, now);
  if (takesSeveral(now))
    return state.digits || (state.chosen.length ? state.chosen.join(", ") : storedReason(now));
  const stored = state.draft.values[now.column];
  return state.digits || (stored === undefined ? "" : shown(stored, now));
}

const storedReason = ({ column }) =>
  state.draft.values[column] < 0 ? shown(state.draft.values[column]) : "";

// A hard error is a filled slat and begins with its word; a doubt has only an edge.
function drawNotice(hidden) {
  const told =
    state.mode === "field" || state.mode === "jump" ? (state.notice ?? skipNotice(hidden)) : null;
  part("notice").className = told ? (told.stop ? "stop" : told.quiet ? "note" : "warning") : "";
  const title = told?.title ?? "";
  put(part("notice-title"), told?.stop ? say("stop", { title }) : title);
  put(part("notice-text"), told?.text ?? "");
}

function skipNotice(hidden) {
  if (state.mode !== "field" || !hidden.has(field().column)) return null;
  return {
    quiet: true,
    title: say("skipped", { by: numbers(fields, hidden.get(field().column)) }),
    text: say("skipped_help"),
  };
}

const rows = [];

// Once for each sheet: its rows, its pages, the languages that it may be written in.
export function layOut() {
  rows.splice(0, rows.length, ...fields.map(rowOf));
  part("rows").replaceChildren(...rows);
  const pages = new Set(fields.map(({ page }) => page));
  part("progress").replaceChildren(...[...pages].map(() => document.createElement("li")));
  part("language").replaceChildren(...sheet.languages.map(languageOption));
  part("language").value = sheet.language;
  drawnCodes = "";
  shownAt = -1;
}

function rowOf({ number, short }) {
  const row = document.createElement("li");
  for (const [tag, text] of [
    ["span", number],
    ["span", short],
    ["b", "·"],
  ]) {
    row.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  return row;
}

const languageOption = ({ code, name }) =>
  Object.assign(document.createElement("option"), { value: code, lang: code, textContent: name });

function drawList(hidden) {
  fields.forEach((one, at) => {
    const { column } = one;
    const value = state.draft.values[column];
    const row = rows[at];
    put(row.lastChild, value === undefined && hidden.has(column) ? words.not_asked : shown(value, one));
    row.lastChild.classList.toggle("a-reason", typeof value === "number" && value < 0);
    const now = state.mode !== "review" && at === state.draft.at;
    if (now) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  });
  if (state.draft.at !== shownAt) requestAnimationFrame(follow);
}

let shownAt = -1;

// After the next field is on the screen: the list comes along, and a narrow page begins at the field.
function follow() {
  if (state.draft.at === shownAt) return;
  shownAt = state.draft.at;
  const list = part("rows");
  const row = rows[shownAt];
  const above = row.offsetTop - list.offsetTop;
  const margin = 2 * row.offsetHeight;
  if (above - margin < list.scrollTop || above + margin > list.scrollTop + list.clientHeight - margin)
    list.scrollTop = above - list.clientHeight / 3;
  if (NARROW.matches && state.mode !== "review") part("field").scrollIntoView();
}

function drawProgress(reviewing, hidden) {
  put(
    part("progress-words"),
    reviewing ? words.all_fields : say("progress", { number: field().number, count: fields.length }),
  );
  const open = fields.filter(
    ({ column }) => state.draft.values[column] === undefined && !hidden.has(column),
  );
  const unfinished = new Set(open.map(({ page }) => page));
  [...part("progress").children].forEach((slat, page) =>
    slat.classList.toggle("reached", !unfinished.has(page)),
  );
}
