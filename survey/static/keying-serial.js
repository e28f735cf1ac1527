// The sheet's number on a number pad alone: what was refused is selected, so that the next digit
// takes its place, and plus empties the field, since a number pad has no key to rub out with.

const serial = document.querySelector("#serial");

serial.select();
serial.addEventListener("keydown", (event) => {
  if (event.key !== "+") return;
  event.preventDefault();
  serial.value = "";
});
