// What the keyer sees: the field, the number pad with the keys that work in it, what was keyed so
// far, and at the end what is to be known before the sheet is saved.

import { endsWithEnter, isChoice, numbers, plainReason, usableDigits } from "./keying-fields.js";
import {
  closed,
  entry,
  field,
  fields,
  firstUnkeyed,
  part,
  say,
  state,
  words,
} from "./keying-sheet.js";

// Where things stand below one another, each field begins at the top.
const NARROW = matchMedia("(max-width: 59.99rem)");

function reasonWord(value) {
  return words[`reason${value}`];
}

function shown(value) {
  if (value === undefined) return "·";
  if (Array.isArray(value)) return value.join(", ");
  return value < 0 ? reasonWord(value) : String(value);
}

// `pick` is called with a field that the review names and the keyer clicks on.
export function draw(pick) {
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
  part("field-number").textContent =
    state.mode === "jump" ? say("jump") : say("field", { number: now.number });
  part("field-text").textContent = state.mode === "jump" ? say("jump_help") : now.question;
  part("field-hint").textContent = state.mode === "jump" ? "" : now.hint;
  drawCodes(state.mode === "jump" ? [] : now.codes);
  part("field-range").textContent = state.mode === "jump" || isChoice(now) ? "" : rangeWords(now);
  drawEntry(now);
  part("in-language").hidden = state.mode === "jump" || now.kind !== "text";
  part("go-on").textContent = words[goOnWords(now, hidden)];
  entry.focus({ preventScroll: true });
  if (NARROW.matches) part("field").scrollIntoView();
}

function goOnWords(now, hidden) {
  if (state.mode === "jump") return "go";
  if (state.pending !== undefined) return "keep_and_go_on";
  return hidden.has(now.column) ? "skip" : "next_field";
}

function rangeWords({ kind, lowest, highest, ends }) {
  if (kind === "text") return say("text_help");
  if (ends) return say("rating_help", { lowest, highest, low: ends[0], high: ends[1] });
  return say("range_help", { allowed: `${lowest ?? 0}–${highest ?? "…"}` });
}

function drawCodes(codes) {
  const list = part("codes");
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
  entry.classList.toggle("keyed", !text);
  entry.classList.toggle("keyed-wide", !text && !isChoice(now));
  entry.classList.toggle("keyed-word", word);
  entry.maxLength = text ? now.longest : 40;
  entry.inputMode = text ? "text" : "none";
  if (!text) entry.value = state.mode === "reasons" ? "," : value;
  entry.placeholder =
    text && state.draft.values[now.column] < 0 ? reasonWord(state.draft.values[now.column]) : "";
  entry.setAttribute("aria-invalid", String(Boolean(state.notice?.wrong)));
}

function standing(now) {
  if (state.notice?.wrong) return state.notice.wrong;
  if (state.pending !== undefined) return shown(state.pending);
  if (now.kind === "multiple")
    return state.digits || (state.chosen.length ? state.chosen.join(", ") : storedReason(now));
  const stored = state.draft.values[now.column];
  return state.digits || (stored === undefined ? "" : shown(stored));
}

const storedReason = ({ column }) =>
  state.draft.values[column] < 0 ? shown(state.draft.values[column]) : "";

function drawNotice(hidden) {
  const told =
    state.mode === "field" || state.mode === "jump" ? (state.notice ?? skipNotice(hidden)) : null;
  const box = part("notice");
  box.className = told ? (told.quiet ? "note" : "warning") : "";
  part("notice-title").textContent = told?.title ?? "";
  part("notice-text").textContent = told?.text ?? "";
}

function skipNotice(hidden) {
  if (state.mode !== "field" || !hidden.has(field().column)) return null;
  return {
    quiet: true,
    title: say("skipped", { by: numbers(fields, hidden.get(field().column)) }),
    text: say("skipped_help"),
  };
}

const rows = fields.map(({ number, short }) => {
  const row = document.createElement("li");
  for (const [tag, text] of [
    ["span", number],
    ["span", short],
    ["b", "·"],
  ]) {
    row.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  return row;
});

part("rows").append(...rows);

function drawList(hidden) {
  fields.forEach(({ column }, at) => {
    const value = state.draft.values[column];
    const text = value === undefined && hidden.has(column) ? words.not_asked : shown(value);
    const cell = rows[at].lastChild;
    if (cell.textContent !== text) cell.textContent = text;
    const now = state.mode !== "review" && at === state.draft.at;
    if (now !== rows[at].hasAttribute("aria-current"))
      rows[at].toggleAttribute("aria-current", now);
    if (now) rows[at].setAttribute("aria-current", "true");
  });
  const list = part("rows");
  const row = rows[state.draft.at];
  list.scrollTop = row.offsetTop - list.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
}

function drawProgress(reviewing, hidden) {
  part("progress-words").textContent = reviewing
    ? words.all_fields
    : say("progress", { number: field().number, count: fields.length });
  const open = fields.filter(
    ({ column }) => state.draft.values[column] === undefined && !hidden.has(column),
  );
  const unfinished = new Set(open.map(({ page }) => page));
  [...part("progress").children].forEach((slat, page) =>
    slat.classList.toggle("reached", !unfinished.has(page)),
  );
}

function drawReview(hidden, pick) {
  const unkeyed = fields.filter(
    ({ column }) => state.draft.values[column] === undefined && !hidden.has(column),
  );
  const against = fields.filter(
    ({ column }) => state.draft.values[column] !== undefined && hidden.has(column),
  );
  const doubted = fields.filter(({ column }) => state.draft.doubted[column]?.length);
  const blank = fields.filter(({ column }) => state.draft.values[column] === -8);
  const skipped = fields.filter(
    ({ column }) => state.draft.values[column] === undefined && hidden.has(column),
  );
  tell("unkeyed", unkeyed, pick);
  tell(
    "doubted",
    doubted.filter((one) => !against.includes(one)),
    pick,
  );
  tell("against", against, pick);
  tell("blank", blank);
  tell("skipped", skipped);
  part("go-unkeyed").hidden = !unkeyed.length;
  part("go-unkeyed").textContent = say("go_unkeyed", { number: unkeyed[0]?.number });
  part("save").textContent = unkeyed.length
    ? say("save_with_blanks", { count: unkeyed.length })
    : words.save;
  part("save").classList.toggle("button-quiet", unkeyed.length > 0);
  part(unkeyed.length ? "go-unkeyed" : "save").focus({ preventScroll: true });
}

function tell(name, told, pick) {
  const line = part(`told-${name}`);
  line.hidden = !told.length;
  line.querySelector("dd").replaceChildren(
    ...(pick
      ? told.map((one) =>
          Object.assign(document.createElement("button"), {
            type: "button",
            className: "button button-quiet",
            textContent: `${one.number} ${one.short}`,
            onclick: () => pick(fields.indexOf(one)),
          }),
        )
      : [told.map(({ number }) => number).join(", ")]),
  );
}

function captions() {
  if (state.mode === "review")
    return {
      "+": words.pad_back,
      Enter: words[firstUnkeyed() < 0 ? "pad_save" : "pad_first_unkeyed"],
      ",": words.pad_jump,
    };
  if (state.mode === "jump")
    return { ...digitCaptions(new Set("0123456789")), "+": words.pad_cancel, Enter: words.pad_go };
  if (state.mode === "reasons") {
    return {
      7: reasonWord(-5),
      8: reasonWord(-3),
      9: reasonWord(-4),
      0: words.pad_aside,
      "+": words.pad_jump,
      ",": words.pad_cancel,
    };
  }
  const usual = {
    "/": reasonWord(-6),
    "*": reasonWord(-7),
    "-": reasonWord(-8),
    "+": words.pad_back,
    ",": words.pad_more,
  };
  const enter =
    state.pending !== undefined
      ? words.pad_keep
      : endsWithEnter(field()) || state.digits
        ? words.pad_done
        : words.pad_next;
  const own = digitCaptions(usableDigits(field()));
  for (const digit of ["8", "9"]) {
    const reason = plainReason(field(), digit);
    if (reason !== null) own[digit] = reasonWord(reason);
  }
  return { ...own, ...usual, Enter: enter };
}

const digitCaptions = (usable) => Object.fromEntries([...usable].map((digit) => [digit, ""]));

function drawPad() {
  const works = captions();
  for (const key of document.querySelectorAll(".pad [data-key]")) {
    const idle = !(key.dataset.key in works);
    key.classList.toggle("idle", idle);
    key.disabled = idle;
    key.querySelector("small").textContent = works[key.dataset.key] ?? "";
  }
}
