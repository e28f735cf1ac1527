// Keying with a line: what was begun is kept in this tab, and saved by the page's own form. Without this
// script the same page is that form alone.

import { keepDraft, keptDraft } from "./drafts.js";
import { beginKeying } from "./keying-keys.js";
import { part, sheet, state } from "./keying-sheet.js";

const whole = part("whole");

part("plain").hidden = true;
beginKeying(sheet, keptDraft(sheet.keyer, sheet.serial), {
  keep: (draft) => keepDraft(sheet.keyer, sheet.serial, draft),
  aside: () => location.assign(sheet.desk),
  save,
});

function save() {
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
