// Asks how far the job is, once a second, and shows it; with the job over, shows its page anew.

const said = document.querySelector("#how-far");
const bar = document.querySelector("#progress");
const pause = 1000;

async function look() {
  let told;
  try {
    const answer = await fetch(said.dataset.stateAt, { headers: { Accept: "application/json" } });
    if (answer.redirected || !answer.ok) return; // signed out: the link says so
    told = await answer.json();
  } catch {
    setTimeout(look, pause * 5); // no line just now
    return;
  }
  if (told.state !== "queued" && told.state !== "running") {
    location.reload();
    return;
  }
  if (said.textContent !== told.said) said.textContent = told.said;
  if (told.total) {
    bar.max = told.total;
    bar.value = told.done;
  }
  setTimeout(look, pause);
}

// Words that change each second are not read aloud each second; the page that follows is.
said.removeAttribute("role");
document.querySelector("#look-again").hidden = true;
setTimeout(look, pause);
