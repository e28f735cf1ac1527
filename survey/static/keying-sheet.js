// The sheet on the screen and how far its keying has come: what keys change and the drawing shows.

import { takesSeveral } from "./keying-fields.js";
import { closedFields } from "./routing.js";
import { uuid } from "./sealing.js";
import { filled } from "./wording.js";

export const part = (id) => document.getElementById(id);
// What the page says of the sheet, its words among it. Who keys without a line comes to a sheet later.
export const sheet = JSON.parse(part("keying").dataset.sheet);
export const { words } = sheet;
export const fields = [];
export const entry = part("value");
export const state = {};

// Puts a sheet on the screen, as far as it was keyed before.
export function takeUp(given, draft) {
  Object.assign(sheet, given);
  fields.splice(0, fields.length, ...sheet.fields);
  Object.assign(state, {
    draft: draft ?? {
      id: uuid(),
      started: sheet.now,
      at: 0,
      values: {},
      doubted: {}, // column -> the names of doubts that the keyer kept a value against
      languages: {},
    },
    mode: "field", // or "reasons" after the comma, "jump", "review"
    from: "field", // or "review": where the comma was pressed
    digits: "", // typed in this field, not yet an answer
    chosen: [], // options ticked in this field, not yet an answer
    pending: undefined, // a doubted value that Enter keeps
    notice: null,
    returning: false, // sent here by the review, and back to it
    sparing: false, // in the review: the next Enter saves although fields are not keyed
    reviewedAt: 0,
  });
}

export const field = () => fields[state.draft.at];
export const closed = () => closedFields(fields, state.draft.values);
export const say = (name, values = {}) => filled(words[name], values);

// Written only where it changes: writing costs a layout, also of the same words.
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const reasonWord = (value) => words[`reason${value}`];

export function shown(value, { kind } = {}) {
  if (value === undefined) return "·";
  if (Array.isArray(value)) return value.join(", ");
  if (kind === "month" && value >= 0) return `${value % 100}/${Math.floor(value / 100)}`;
  return value < 0 ? reasonWord(value) : String(value);
}

// Whether something stands in the field that is not its answer yet. A value that was told to be
// wrong is still on the screen: who takes it away must not come to the field before, where the
// next digit would replace an answer.
export function untaken() {
  const stored = state.draft.values[field().column];
  const ticks = takesSeveral(field()) && String(state.chosen) !== String(stored < 0 ? "" : (stored ?? ""));
  const wrong = state.notice?.wrong !== undefined;
  return state.digits !== "" || state.pending !== undefined || wrong || ticks;
}

export function firstUnkeyed() {
  const hidden = closed();
  return fields.findIndex(
    ({ column }) => state.draft.values[column] === undefined && !hidden.has(column),
  );
}
