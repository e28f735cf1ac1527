// Keying with a line: what was begun is kept in this tab, and sealed on the device should the tab die; it is
// saved by the page's own form. Without this script the same page is that form alone.

import { keepDraft, keptDraft } from "./drafts.js";
import { beginKeying } from "./keying-keys.js";
import { part, put, sheet, state, words } from "./keying-sheet.js";
import { isSealed, keepSealed, openSealed } from "./sealed-drafts.js";

const LINE = "/keying/line";
const PATIENCE = () => ({ credentials: "same-origin", signal: AbortSignal.timeout(8000) });

const whole = part("whole");

part("plain").hidden = true;
const inTab = keptDraft(sheet.keyer, sheet.serial);
beginKeying(sheet, inTab ?? (isSealed(sheet) ? await openSealed(sheet) : null), {
  keep,
  aside: () => location.assign(sheet.desk),
  save,
});

function keep(draft) {
  keepDraft(sheet.keyer, sheet.serial, draft);
  if (Object.keys(draft.values).length) keepSealed(sheet, draft);
}

// A device that took nothing along has no page of ours to show where nobody answers: the sheet stays here.
async function save() {
  part("save").disabled = true;
  const answered = navigator.serviceWorker?.controller || (await fetch(LINE, PATIENCE()).catch(() => null));
  part("save").disabled = false;
  if (!answered) return put(part("review-lead"), words.not_saved);
  send();
}

function send() {
  for (const [name, value] of [
    ["keyed", JSON.stringify({ values: state.draft.values, languages: state.draft.languages })],
    ["id", state.draft.id],
    ["started", state.draft.started],
  ]) {
    const input =
      whole.querySelector(`[name="${name}"]`) ?? whole.appendChild(document.createElement("input"));
    Object.assign(input, { type: "hidden", name, value });
  }
  part("plain").disabled = true;
  whole.submit();
}
