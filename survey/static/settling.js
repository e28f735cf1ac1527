// Settling with the keyboard alone: 4 to 8 say why two differ, 1 and 2 take a keying, the signs say why
// there is no answer, 3 is something else and leads to its field; all but why lead on to the next difference that is not decided.
// Without this script the same page is settled with Tab and the arrow keys.

const differences = [...document.querySelectorAll(".difference")];
const form = document.querySelector("#settle");
const KEYS = { 1: "first", 2: "second", 3: "other", "/": "-6", "*": "-7", "-": "-8" };
const FIRST_REASON = 4; // 4 to 8 say why, before the value is chosen

const decided = (difference) => difference.querySelector("input:checked");
const first = (difference) => difference.querySelector("input[type=radio]");
const current = () => document.activeElement?.closest(".difference");

// A value that was refused is at hand itself: the next key takes its place.
const refused = (difference) => decided(difference)?.value === "other" && difference.querySelector("[aria-invalid=true]");

function go(difference) {
  (refused(difference) || (decided(difference) ?? first(difference))).focus({ preventScroll: true });
  difference.scrollIntoView({ block: "nearest" });
}

// The next that is not decided, from this one on and then from the beginning; else the end.
function goOn(from) {
  const place = differences.indexOf(from) + 1;
  const rest = [...differences.slice(place), ...differences.slice(0, place)];
  const open = rest.find((one) => !decided(one));
  if (open) go(open);
  else form.querySelector("button").focus();
}

document.querySelector("#keys-help").hidden = false;
// What stands in a value's field is replaced by the next key, as on the keying page.
form.addEventListener("focusin", ({ target }) => target.closest(".third") && target.select());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches("input[type=text], input:not([type]), select")) {
    if (event.key !== "Enter" || !event.target.closest(".difference")) return;
    event.preventDefault();
    return goOn(current());
  }
  const digit = /^Numpad(\d)$/.exec(event.code)?.[1];
  const choice = KEYS[digit ?? event.key];
  const here = current() ?? differences.find((one) => !decided(one));
  if (event.key === "Enter" && event.target.type === "radio") {
    event.preventDefault();
    return goOn(here);
  }
  const why = here?.querySelector(".why select").options[Number(digit ?? event.key) - FIRST_REASON + 1];
  if (why?.value && Number(digit ?? event.key) >= FIRST_REASON) {
    event.preventDefault();
    why.selected = true;
    return;
  }
  const radio = choice && here?.querySelector(`input[value="${choice}"]`);
  if (!radio) return;
  event.preventDefault();
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  if (choice === "other") here.querySelector(".third input").focus();
  else goOn(here);
});
// After a refused save one goes on at what was wrong, and not at the top of the page.
go(differences.find((one) => one.matches(".in-error")) ?? differences.find((one) => !decided(one)) ?? differences[0]);
