// While files are read, shows what became of them and which sheets wait, without touching the form that
// somebody may be filling in. Without this script the page says the same when it is asked for anew.

const PAUSE = 2000;
const PARTS = ["#to-look-at", "#came-in"];

async function look() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return; // signed out
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    setTimeout(look, PAUSE * 5); // no line just now
    return;
  }
  for (const part of PARTS) {
    const [here, there] = [document.querySelector(part), page.querySelector(part)];
    if (here && there && here.innerHTML !== there.innerHTML) here.replaceWith(there);
  }
  if (page.querySelector("[data-reading]")) setTimeout(look, PAUSE);
}

setTimeout(look, PAUSE);
