// Sheets that were begun and not saved live in this tab alone: a reload keeps them, and saving,
// signing out or closing the tab ends them. Nobody but the person who keyed one gets it back.

export const DRAFTS = "keying:";

export const draftName = (person, serial) => `${DRAFTS}${person}:${serial}`;

export function keepDraft(person, serial, draft) {
  sessionStorage.setItem(draftName(person, serial), JSON.stringify(draft));
}

export function keptDraft(person, serial) {
  return JSON.parse(sessionStorage.getItem(draftName(person, serial)));
}

export function forgetDraft(person, serial) {
  sessionStorage.removeItem(draftName(person, serial));
}
