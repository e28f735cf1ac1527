// The sheet on the screen and how far its keying has come: what keys change and the drawing shows.

import { kept } from "./drafts.js";
import { takesSeveral } from "./keying-fields.js";
import { closedFields } from "./routing.js";

export const part = (id) => document.getElementById(id);
export const sheet = JSON.parse(part("keying").dataset.sheet);
export const { fields, words } = sheet;
export const entry = part("value");

export const state = {
  draft: kept(sheet.keyer, sheet.serial) ?? {
    id: uuid(),
    started: sheet.now,
    at: 0,
    values: {},
    doubted: {}, // column -> the names of doubts that the keyer kept a value against
    languages: {},
  },
  mode: "field", // or "reasons" after the comma, "jump", "review"
  digits: "", // typed in this field, not yet an answer
  chosen: [], // options ticked in this field, not yet an answer
  pending: undefined, // a doubted value that Enter keeps
  notice: null,
  returning: false, // sent here by the review, and back to it
  sparing: false, // in the review: the next Enter saves although fields are not keyed
  reviewedAt: 0,
};

export const field = () => fields[state.draft.at];
export const closed = () => closedFields(fields, state.draft.values);
export const say = (name, values = {}) =>
  words[name].replace(/\{(\w+)\}/g, (_whole, place) => values[place]);

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

// Version 4 from getRandomValues: randomUUID is kept from pages that came over plain http.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
