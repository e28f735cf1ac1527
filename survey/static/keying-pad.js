// The drawing of the number pad: which keys work now, and what each of them does.

import { endsWithEnter, plainReason, usableDigits } from "./keying-fields.js";
import { soundIsOn } from "./keying-sounds.js";
import { field, firstUnkeyed, part, put, reasonWord, state, untaken, words } from "./keying-sheet.js";

const keys = [...document.querySelectorAll(".pad [data-key]")].map((button) => ({
  button,
  name: button.dataset.key,
  caption: button.querySelector("small"),
}));

export function drawPad() {
  const works = captions();
  for (const { button, name, caption } of keys) {
    const idle = !(name in works);
    if (button.disabled !== idle) {
      button.disabled = idle;
      button.classList.toggle("idle", idle);
    }
    put(caption, works[name] ?? "");
  }
  put(part("sound"), words[soundIsOn() ? "sound_off" : "sound_on"]);
}

function captions() {
  if (state.mode === "review") return reviewCaptions();
  if (state.mode === "jump")
    return { ...digitCaptions(new Set("0123456789")), "+": words.pad_cancel, Enter: words.pad_go };
  if (state.mode === "reasons") {
    const reasons = { 7: reasonWord(-5), 8: reasonWord(-3), 9: reasonWord(-4) };
    return {
      ...(state.from === "field" ? reasons : {}),
      0: words.pad_aside,
      "*": words[soundIsOn() ? "pad_sound_off" : "pad_sound_on"],
      "+": words.pad_jump,
      ",": words.pad_cancel,
    };
  }
  const usual = {
    "/": reasonWord(-6),
    "*": reasonWord(-7),
    "-": reasonWord(-8),
    "+": words[untaken() ? "pad_again" : "pad_back"],
    ",": words.pad_more,
  };
  const enter =
    state.pending !== undefined
      ? words.pad_keep
      : endsWithEnter(field()) || state.digits
        ? words.pad_done
        : words.pad_next;
  const own = digitCaptions(usableDigits(field()));
  for (const digit of ["8", "9"]) {
    const reason = plainReason(field(), digit);
    if (reason !== null) own[digit] = reasonWord(reason);
  }
  return { ...own, ...usual, Enter: enter };
}

function reviewCaptions() {
  if (state.sparing) return { "+": words.pad_cancel, Enter: words.pad_save };
  const usual = { "+": words.pad_back, ",": words.pad_more };
  if (firstUnkeyed() < 0) return { ...usual, Enter: words.pad_save };
  return { ...usual, Enter: words.pad_first_unkeyed, "-": words.pad_spare };
}

const digitCaptions = (usable) => Object.fromEntries([...usable].map((digit) => [digit, ""]));
