// A sheet is keyed with the number keys alone, a field at a time, all of it in the browser: nothing
// waits for the network until the sheet is saved.

import {
  AFTER_COMMA,
  REASON_KEYS,
  allowed,
  couldGrow,
  doubts,
  isChoice,
  numberKeyed,
  plainReason,
  refused,
  takesSeveral,
} from "./keying-fields.js";
import { drawScreen, layOut } from "./keying-screen.js";
import { play, switchSound } from "./keying-sounds.js";
import {
  closed,
  entry,
  field,
  fields,
  firstUnkeyed,
  part,
  say,
  sheet,
  state,
  takeUp,
  untaken,
} from "./keying-sheet.js";
import { closedFields } from "./routing.js";

const LETTERS = Object.fromEntries(
  Object.entries(sheet.letters).map(([command, letter]) => [letter, command]),
);
// One key too many on the last field must not save the sheet.
const REVIEW_PAUSE = 300;

// What is done with the sheet, where it is kept: `keep` what is keyed so far, `save` all of it, lay it
// `aside`. With a line that is this tab and the server, without one this device.
let ways;

const draw = () => drawScreen(fromReview);

// ---- Moving between fields

function enterField(at) {
  state.mode = "field";
  state.draft.at = at;
  const value = state.draft.values[field().column];
  state.digits = "";
  state.chosen = Array.isArray(value) ? [...value] : [];
  state.pending = undefined;
  state.notice = null;
  entry.value = field().kind === "text" && typeof value === "string" ? value : "";
  ways.keep(state.draft);
}

function goOn() {
  if (state.returning) return review();
  const hidden = closed();
  const { at, values } = state.draft;
  const next = fields.findIndex(
    ({ column }, place) => place > at && (!hidden.has(column) || values[column] !== undefined),
  );
  return next < 0 ? review() : enterField(next);
}

// What is not an answer yet goes first; so a slip is mended without a key to rub out with.
function goBack() {
  if (state.sparing) {
    state.sparing = false;
    return;
  }
  const atReview = state.mode === "review";
  // Of several ticks a wrong number goes alone.
  if (!atReview && state.notice?.wrong !== undefined && state.chosen.length) return (state.notice = null);
  if (!atReview && untaken()) return enterField(state.draft.at);
  state.returning = false;
  if (atReview) enterField(state.draft.at);
  else if (state.draft.at > 0) enterField(state.draft.at - 1);
  else state.notice = { title: say("first_field") };
}

function review() {
  state.mode = "review";
  state.returning = false;
  state.sparing = false;
  state.notice = null;
  state.reviewedAt = performance.now();
  ways.keep(state.draft);
}

// ---- Taking a value

function offer(value) {
  if (refused(field(), value)) {
    state.digits = "";
    state.notice = { wrong: String(value), ...notAllowed(value, allowed(field())) };
    return;
  }
  const { column } = field();
  const then = closedFields(fields, { ...state.draft.values, [column]: value });
  const { at, doubted, values } = state.draft;
  const before = same(values[column], value) ? doubted[column] : [];
  const odd = doubts(fields, at, value, values, closed(), then).filter(
    ({ name }) => !before?.includes(name),
  );
  if (odd.length && !same(state.pending, value)) {
    state.pending = value;
    state.digits = "";
    state.notice = { title: say(odd[0].name, odd[0]), text: say("keep") };
    return;
  }
  state.draft.doubted[column] = odd.map(({ name }) => name);
  state.draft.values[column] = value;
  if (field().kind === "text") state.draft.languages[column] = part("language").value;
  goOn();
}

const notAllowed = (received, range = "") => ({
  stop: true,
  title: say("received", { received }),
  text: say("allowed", { allowed: range }),
});

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function pressDigit(digit) {
  if (state.pending !== undefined) {
    // Whoever keys without looking means the next field: nothing is put in this one's place.
    state.notice = { stop: true, title: say("held", { received: digit }), text: say("keep") };
    return;
  }
  state.notice = null;
  const typed = state.digits + digit;
  if (!isChoice(field())) {
    if (typed.length <= longest(field())) state.digits = typed;
    return;
  }
  if (couldGrow(field(), typed)) state.digits = typed;
  else takeCode(typed);
}

const longest = ({ kind, highest }) => (kind === "month" ? 6 : String(highest ?? 9999).length);

function takeCode(typed) {
  state.digits = "";
  const reason = plainReason(field(), typed);
  const code = Number(typed);
  if (field().kind === "single") offer(reason ?? code);
  else if (refused(field(), code)) offer(code);
  else toggle(code);
}

function toggle(code) {
  const others = state.chosen.filter((one) => one !== code);
  const ticked = others.length < state.chosen.length;
  if (ticked) state.chosen = others;
  else if (field().kind === "multiple") state.chosen = [...others, code].sort((a, b) => a - b);
  else if (others.length < field().places) state.chosen = [...others, code];
  else state.notice = { stop: true, title: say("places_full", { places: field().places }), text: say("keep") };
}

function pressEnter() {
  const stored = state.draft.values[field().column];
  if (state.pending !== undefined) offer(state.pending);
  else if (field().kind === "text") offer(entry.value.trim() || -8);
  else if (state.digits && isChoice(field())) takeCode(state.digits);
  else if (state.digits) offerNumber();
  else if (state.chosen.length) offer(state.chosen);
  else if (!Array.isArray(stored) && (stored !== undefined || closed().has(field().column))) goOn();
  else state.notice = { stop: true, title: say("nothing_keyed"), text: say("nothing_keyed_help") };
}

function offerNumber() {
  const number = numberKeyed(field(), state.digits);
  if (number !== null) return offer(number);
  state.notice = { wrong: state.digits, ...notAllowed(state.digits, allowed(field())) };
  state.digits = "";
}

// ---- Keys

function pressInField(key) {
  if (key in REASON_KEYS) offer(REASON_KEYS[key]);
  else if (/^\d$/.test(key) && field().kind !== "text") pressDigit(key);
  else if (key === "Enter") pressEnter();
  else if (key === "+") goBack();
  else if (key === ",") [state.mode, state.from, state.notice, state.pending] = ["reasons", "field", null, undefined];
  else if (key === "Backspace") state.digits = state.digits.slice(0, -1);
  else return false;
  return true;
}

function pressAfterComma(key) {
  state.mode = state.from;
  if (key in AFTER_COMMA && state.from === "field") offer(AFTER_COMMA[key]);
  else if (key === "0") ways.aside();
  else if (key === "*") switchSound();
  else if (key === "+") [state.mode, state.digits, state.notice] = ["jump", "", null];
  return true;
}

function pressInJump(key) {
  if (/^\d$/.test(key)) state.digits = (state.digits + key).slice(0, String(fields.length).length);
  else if (key === "Backspace") state.digits = state.digits.slice(0, -1);
  else if (key === "Enter") jump(state.digits);
  else if (key === "+" || key === "Escape") state.from === "review" ? review() : enterField(state.draft.at);
  return true;
}

function jump(typed) {
  state.digits = "";
  const at = typed ? fields.findIndex(({ number }) => number === Number(typed)) : firstUnkeyed();
  if (at >= 0) enterField(at);
  else if (!typed) review();
  else state.notice = { ...notAllowed(typed), text: say("jump_allowed", { allowed: `1–${fields.length}` }) };
}

const mainMove = () => part(firstUnkeyed() < 0 || state.sparing ? "save" : "go-unkeyed");

function pressInReview(key) {
  if (key === "+") goBack();
  else if (key === "-") state.sparing = firstUnkeyed() >= 0;
  else if (key === ",") [state.mode, state.from, state.sparing] = ["reasons", "review", false];
  else if (key !== "Enter") return false;
  else mainMove().click();
  return true;
}

function press(key) {
  const before = { notice: state.notice, mode: state.mode };
  const took = {
    field: pressInField,
    reasons: pressAfterComma,
    jump: pressInJump,
    review: pressInReview,
  }[state.mode](key);
  if (!took) return false;
  draw();
  if (state.mode === "review" && before.mode !== "review") play("end");
  else if (state.notice && state.notice !== before.notice)
    play(state.notice.stop ? "stop" : "doubt");
  return true;
}

// What a key means, whichever keyboard it is on; a number pad works with its lock off, too.
function meaning(event) {
  const pad = /^Numpad(\d)$/.exec(event.code);
  if (pad) return pad[1];
  if (event.code === "NumpadDecimal" || event.key === "." || event.key === ",") return ",";
  if (event.key === "ArrowUp") return "+";
  if (event.key === "ArrowDown") return "Enter";
  if (event.key === "Escape" && state.mode === "reasons") return ",";
  return LETTERS[event.key.toLowerCase()] ?? event.key;
}

// In a field of text every key is a letter, except in an empty one, where signs are commands.
function isWriting(event) {
  if (state.mode !== "field" || field().kind !== "text") return false;
  if (["Enter", "ArrowUp", "ArrowDown"].includes(event.key)) return false;
  const command =
    ["/", "*", "-", "+", ",", "."].includes(event.key) || event.code === "NumpadDecimal";
  return entry.value !== "" || !command;
}

const REPEATABLE = new Set(["Backspace"]);

function onKey(event) {
  if (part("keying").hidden) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const early = state.mode === "review" && performance.now() - state.reviewedAt < REVIEW_PAUSE;
  if (event.key === "Enter" && event.repeat) return event.preventDefault();
  if (early && ["Enter", "-"].includes(event.key)) return event.preventDefault();
  const elsewhere =
    event.target !== entry && event.target.closest?.("a, button, select, input, textarea, summary");
  if (elsewhere && (state.mode !== "review" || event.key === "Enter")) return;
  if (isWriting(event)) return;
  const key = meaning(event);
  // A key held down is not many answers.
  if (event.repeat && !REPEATABLE.has(key)) return event.preventDefault();
  if (runLetter(key) || press(key)) event.preventDefault();
}

// The letters, for keyboards without a number pad.
function runLetter(key) {
  if (state.mode !== "field" || !(key in sheet.letters)) return false;
  const sign = { illegible: "/", double_mark: "*", not_answered: "-", back: "+" }[key];
  const afterComma = { dont_know: "8", not_relevant: "9", refused: "7", aside: "0", jump: "+" }[
    key
  ];
  if (sign) return press(sign);
  [state.mode, state.from] = ["reasons", "field"];
  return press(afterComma);
}

// ---- The review

function fromReview(at) {
  enterField(at);
  state.returning = true;
  draw();
}

// ---- Beginning

let listening = false;

// Begins to key a sheet, or goes on with a draft of it.
export function beginKeying(given, draft, how) {
  ways = how;
  takeUp(given, draft);
  layOut();
  part("keying").hidden = false;
  if (!listening) listen();
  listening = true;
  enterField(Math.min(state.draft.at, fields.length - 1));
  state.notice = how.notice ?? null;
  draw();
}

function listen() {
  document.addEventListener("keydown", onKey);
  entry.addEventListener("beforeinput", (event) => {
    if (field().kind === "text" && state.mode === "field") return;
    // Keys of a screen keyboard come without a name, only as text.
    event.preventDefault();
    for (const sign of event.data ?? "") press(sign === "." ? "," : sign);
  });
  entry.addEventListener("input", () => {
    state.notice = null;
    state.pending = undefined;
    draw();
  });
  for (const key of document.querySelectorAll(".pad [data-key]")) {
    key.addEventListener("click", () => press(key.dataset.key));
  }
  for (const link of document.querySelectorAll("[data-column]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      fromReview(fields.findIndex(({ column }) => column === link.dataset.column));
    });
  }
  part("go-on").addEventListener("click", () => {
    press("Enter");
  });
  part("go-back").addEventListener("click", () => {
    press("+");
  });
  part("go-jump").addEventListener("click", () => {
    [state.mode, state.from] = ["reasons", "field"];
    press("+");
  });
  part("go-unkeyed").addEventListener("click", () => fromReview(firstUnkeyed()));
  part("save").addEventListener("click", () => ways.save());
  part("sound").addEventListener("click", () => {
    switchSound();
    draw();
  });
  part("review-back").addEventListener("click", () => {
    press("+");
  });
}
