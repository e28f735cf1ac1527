// A double click goes on into the page that follows: its second half meets whatever lies there, an
// answer or the next button. On a page that nobody has pressed anything on yet, it presses nothing.

// Browsers count a mouse's clicks across pages, and a finger's taps not at all.
const ONE_DOUBLE_TAP = 400;
const TAPPED = "beboerpuls-tapped";

let pressedHere = false;
let tapped = 0;

export function steady() {
  addEventListener("click", refuseSecondHalf, true);
}

// Another page is shown in the same document.
export function turnPage() {
  pressedHere = false;
}

function refuseSecondHalf(event) {
  const finger = event.pointerType === "touch";
  const second = event.detail > 1 || (finger && Date.now() - lastTap() < ONE_DOUBLE_TAP);
  if (second && !pressedHere) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  // A keyboard's press counts no clicks.
  if (event.detail) pressedHere = true;
  if (finger) noteTap();
}

function lastTap() {
  try {
    return Number(sessionStorage.getItem(TAPPED));
  } catch (_) {
    return tapped;
  }
}

function noteTap() {
  tapped = Date.now();
  try {
    sessionStorage.setItem(TAPPED, String(tapped));
  } catch (_) {
    // Then only pages of this document know of it.
  }
}
