// Comfort, and going on without a line: every page works the same without this.

import { exclude } from "./excluding.js";
import { takeOver } from "./online.js";
import { offerReading } from "./reading.js";
import { steady } from "./steadying.js";

const form = document.getElementById("answers");
const summary = document.querySelector(".error-summary, .notice[role=alert]");

// Whoever cannot see the summary hears it, and is put where it is.
if (summary) summary.focus();

if (form) {
  steady();
  exclude(form);
  takeOver(form);
  offerReading();
}

// A page that Back took from memory has not seen what was stored since.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
