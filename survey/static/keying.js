// Keying with a line: what was begun is kept in this tab, and sealed on the device should the tab die; it is
// saved by the page's own form. Without this script the same page is that form alone.

import { keepDraft, keptDraft } from "./drafts.js";
import { device } from "./keying-device.js";
import { beginKeying } from "./keying-keys.js";
import { part, put, sheet, state, words } from "./keying-sheet.js";
import { isSealed, keepSealed, openSealed } from "./sealed-drafts.js";

const LINE = "/keying/line";
const PATIENCE = () => ({ credentials: "same-origin", signal: AbortSignal.timeout(8000) });

const whole = part("whole");

part("plain").hidden = true;
let sealing = true;
const draft = await begunBefore();
beginKeying(sheet, draft, {
  keep,
  aside: () => location.assign(sheet.desk),
  save,
  notice: sealing ? null : { title: words.not_opened, text: words.not_opened_help },
});

// Of what lies in this tab and what another one left on the device the newer. One that cannot be opened now
// stays as it is.
async function begunBefore() {
  const inTab = keptDraft(sheet.keyer, sheet.serial);
  if (!isSealed(sheet)) return inTab;
  try {
    const sealed = await openSealed(sheet);
    return (sealed?.touched ?? 0) > (inTab?.touched ?? 0) ? sealed : inTab;
  } catch {
    sealing = inTab !== null;
    return inTab;
  }
}

function keep(kept) {
  kept.touched = Date.now();
  keepDraft(sheet.keyer, sheet.serial, kept);
  if (sealing && Object.keys(kept.values).length) keepSealed(sheet, kept);
}

// Where this sheet was not taken along there is no page to key it on where nobody answers: it stays here.
async function save() {
  part("save").disabled = true;
  const answered = (await isAlong()) || (await fetch(LINE, PATIENCE()).catch(() => null));
  part("save").disabled = false;
  if (!answered) return put(part("review-lead"), words.not_saved);
  send();
}

const isAlong = async () =>
  navigator.serviceWorker?.controller && device.find("sheets", [sheet.keyer, sheet.serial]).catch(() => null);

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
