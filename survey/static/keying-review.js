// The end of a sheet: whether all of it is keyed, and what is to be known before it is saved.

import { NOT_ANSWERED } from "./keying-fields.js";
import { fields, part, put, say, state, words } from "./keying-sheet.js";

// So many fields one after another are named as one.
const SHORTEST_RUN = 3;

// `pick` is called with a field's place, when the keyer clicks on one that is told.
export function drawReview(hidden, pick) {
  const { values, doubted } = state.draft;
  const keyed = fields.filter(({ column }) => values[column] !== undefined);
  const unkeyed = fields.filter(
    ({ column }) => values[column] === undefined && !hidden.has(column),
  );
  const against = keyed.filter(({ column }) => hidden.has(column));
  const unusual = keyed.filter((one) => doubted[one.column]?.length && !against.includes(one));
  const blank = keyed.filter(({ column }) => values[column] === NOT_ANSWERED);
  const skipped = fields.length - keyed.length - unkeyed.length;
  drawMain(unkeyed);
  put(part("count-keyed"), String(keyed.length - blank.length));
  put(part("count-blank"), String(blank.length));
  put(part("count-skipped"), String(skipped));
  put(part("count-unkeyed"), String(unkeyed.length));
  tell("unkeyed", unkeyed, pick);
  tell("doubted", unusual, pick);
  tell("against", against, pick);
  tell("blank", blank, pick);
}

function drawMain(unkeyed) {
  const missing = unkeyed.length > 0;
  const count = unkeyed.length;
  part("review").classList.toggle("unfinished", missing);
  put(part("review-title"), missing ? say("missing", { count }) : say("complete"));
  put(part("review-lead"), say(lead(missing), { count, number: unkeyed[0]?.number }));
  part("go-unkeyed").hidden = !missing || state.sparing;
  put(part("go-unkeyed"), say("go_unkeyed", { number: unkeyed[0]?.number }));
  put(part("save"), missing ? say("save_with_blanks", { count }) : words.save);
  part("save").classList.toggle("button-quiet", missing && !state.sparing);
  part(missing && !state.sparing ? "go-unkeyed" : "save").focus({ preventScroll: true });
}

function lead(missing) {
  if (!missing) return "complete_help";
  return state.sparing ? "sparing_help" : "missing_help";
}

function tell(name, told, pick) {
  const line = part(`told-${name}`);
  line.hidden = !told.length;
  line.querySelector("dd").replaceChildren(
    ...runs(told).map(([first, last]) =>
      Object.assign(document.createElement("button"), {
        type: "button",
        className: "button button-quiet",
        textContent: first === last ? named(first) : `${first.number}–${last.number} ${first.short} – ${last.short}`,
        onclick: () => pick(fields.indexOf(first)),
      }),
    ),
  );
}

const named = ({ number, short }) => `${number} ${short}`;

// [first, last] of every stretch of neighbours; short ones are named field by field.
function runs(told) {
  const stretches = [];
  for (const one of told) {
    const open = stretches.at(-1);
    if (open && open.at(-1).number + 1 === one.number) open.push(one);
    else stretches.push([one]);
  }
  return stretches.flatMap((stretch) =>
    stretch.length < SHORTEST_RUN
      ? stretch.map((one) => [one, one])
      : [[stretch[0], stretch.at(-1)]],
  );
}
