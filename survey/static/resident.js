// Comfort only: every page works the same without this.

import { offerReading } from "./reading.js";

const form = document.getElementById("answers");
const summary = document.querySelector(".error-summary, .notice[role=alert]");

// Whoever cannot see the summary hears it, and is put where it is.
summary?.focus();

offerReading();

// A second press while the first is on its way is swallowed here, so that nobody waits for two
// pages. The server would store the same write once in any case. After a while it may be pressed
// again, since an answer may never have come.
const WAIT = 8000;
let sentAt = -Infinity;
form?.addEventListener("submit", (event) => {
  if (performance.now() - sentAt < WAIT) {
    event.preventDefault();
    return;
  }
  sentAt = performance.now();
});

// A page that Back took from memory has not seen what was stored since.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});

// A written answer and a reason for none exclude one another; the last said holds.
form?.addEventListener("input", ({ target }) => {
  const question = target.closest("fieldset");
  const entry = question?.querySelector(".entry");
  if (!entry) return;
  const reasons = question.querySelectorAll(".answers-apart input");
  if (target === entry) for (const one of reasons) one.checked = false;
  else {
    entry.value = "";
    for (const one of reasons) if (one !== target) one.checked = false;
  }
});

// The same of many options and a reason for choosing none.
form?.addEventListener("change", ({ target }) => {
  if (target.type !== "checkbox" || !target.checked) return;
  const question = target.closest("fieldset");
  if (!question || question.querySelector(".entry")) return;
  const apart = target.closest(".answers-apart") !== null;
  for (const one of question.querySelectorAll("input")) {
    const oneApart = one.closest(".answers-apart") !== null;
    if (one !== target && (apart || oneApart)) one.checked = false;
  }
});
