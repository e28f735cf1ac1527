// Calls when nobody has touched the page for so many minutes. Phones stop the clocks of pages that
// are not looked at, so that it is asked again when somebody looks.

export function whenIdle(minutes, act) {
  let touched = Date.now();
  let done = false;
  const touch = () => (touched = Date.now());
  for (const event of ["pointerdown", "keydown", "input", "scroll"])
    addEventListener(event, touch, { passive: true, capture: true });
  function look() {
    if (done || Date.now() - touched < minutes * 60000) return;
    done = true;
    act();
  }
  setInterval(look, 5000);
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
}
