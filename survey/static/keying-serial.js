// The sheet's number on a number pad alone: what was refused is selected, so that the next digit
// takes its place; plus empties the field, since a number pad has no key to rub out with; and the
// digits work with the pad's lock off, as they do on the sheet.

export function keyOnPad(serial) {
  serial.select();
  serial.addEventListener("keydown", (event) => {
    const digit = /^Numpad(\d)$/.exec(event.code)?.[1];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "+") serial.value = "";
    else if (digit && event.key !== digit)
      serial.setRangeText(digit, serial.selectionStart, serial.selectionEnd, "end");
    else return;
    event.preventDefault();
  });
}
