// Where somebody stands in the form: the rules of survey/walk.py, on the phone.

import { closedFields } from "./routing.js";

// Columns that are surely not asked.
export function hiddenColumns({ fields }, answers) {
  return new Set(closedFields(fields, answers).keys());
}

// Pages that have anything to ask.
export function shownPages(form, answers) {
  const hidden = hiddenColumns(form, answers);
  const asked = form.fields.filter(({ column }) => !hidden.has(column)).map(({ page }) => page);
  return form.pages.filter((page) => asked.includes(page));
}

export function firstUnseen(form, { answers, seen }) {
  const unseen = shownPages(form, answers).find((page) => !seen.includes(page));
  return unseen === undefined ? null : unseen;
}

// The page that follows; null when all have been seen and this is the last.
export function pageAfter(form, copy, page) {
  const following = shownPages(form, copy.answers).find((one) => one > page);
  const unseen = firstUnseen(form, copy);
  if (following === undefined || (unseen !== null && unseen < following)) return unseen;
  return following;
}

export function pageBefore(form, copy, page) {
  const earlier = shownPages(form, copy.answers).filter((one) => one < page);
  return earlier.length ? earlier[earlier.length - 1] : null;
}

export function isLast(form, copy, page) {
  const shown = shownPages(form, copy.answers);
  const unseen = firstUnseen(form, copy);
  return page === shown[shown.length - 1] && (unseen === null || unseen === page);
}
