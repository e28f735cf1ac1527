// One calm line: what waits, what was sent, what is the matter. It never says more than is so.

const line = document.getElementById("sending");
export const words = line ? JSON.parse(line.dataset.words) : {};

export function tell(text) {
  if (line && line.textContent !== text) line.textContent = text;
}

function counted(forms, number) {
  if (typeof forms === "string") return forms.replace("{n}", number);
  let form = "other";
  if (typeof Intl === "object" && typeof Intl.PluralRules === "function")
    form = new Intl.PluralRules(document.documentElement.lang).select(number);
  return (forms[form] || forms.other).replace("{n}", number);
}

// Pages that wait; one that was answered twice is one page.
export const pagesOf = (packs) => new Set(packs.map(({ slot }) => slot)).size;

export function tellWaiting(packs) {
  if (packs.length) tell(counted(words.waiting, pagesOf(packs)));
}

// What became of packs that can never be stored is told kindly; the rest counts as sent.
export function tellBecame(became, remaining) {
  const all = became.map((one) => one.became);
  const told = ["gone", "closed", "refused", "late"].find((one) => all.includes(one));
  if (told) tell(words[told]);
  else if (remaining.length) tellWaiting(remaining);
  else if (all.length) tell(words.sent);
}
