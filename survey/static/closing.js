// A page that shows what somebody answered, or what leads to it, and has nothing to save: it is closed
// when nobody has touched it for a while, so that whoever sits here next finds nothing to read.

import { whenIdle } from "./idling.js";

const PATIENCE = 3000;

whenIdle(Number(document.body.dataset.idle), closePage);

async function closePage() {
  const form = document.querySelector("form[action$='/leave']");
  // Gone at once, whether or not the server can be reached.
  document.getElementById("main").remove();
  if (form) {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    const left = fetch(form.action, { method: "POST", credentials: "same-origin", body });
    const late = new Promise((go) => setTimeout(go, PATIENCE));
    await Promise.race([left, late]).catch(() => {});
  }
  location.replace("/left");
}

// A page that Back took from memory is asked for anew.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
