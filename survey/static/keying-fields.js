// What one field of a sheet takes: which keys work in it, what is refused, what is only doubted.

export const REASON_KEYS = { "/": -6, "*": -7, "-": -8 };
export const AFTER_COMMA = { 7: -5, 8: -3, 9: -4 };
export const NOT_ANSWERED = -8;
const EARLIEST_USUAL_YEAR = 1930;
const MOST_USUAL = 9; // of what people count at home
const ALIKE_IN_A_ROW = 4;
const DIGITS = [..."0123456789"];

export const endsWithEnter = (field) => field.kind !== "single";
export const takesSeveral = ({ kind }) => kind === "multiple" || kind === "ranking";
export const isChoice = (field) => field.kind === "single" || takesSeveral(field);

// Plain 8 and 9 say don't know and not relevant where they cannot be mistaken for an answer and the
// sheet offers those boxes; anywhere else 8 is more likely a slip.
export function plainReason(field, digit) {
  const reason = { 8: -3, 9: -4 }[digit];
  const free =
    field.kind === "single" && !field.codes.some(({ code }) => String(code).startsWith(digit));
  return free && field.apart.includes(reason) ? reason : null;
}

// Whether more digits could follow: then a code of one digit waits for Enter.
export const couldGrow = (field, digits) =>
  field.codes.some(({ code }) => String(code) !== digits && String(code).startsWith(digits));

export function usableDigits(field) {
  if (field.kind === "text") return new Set();
  if (!isChoice(field)) return new Set(DIGITS);
  const used = new Set(field.codes.flatMap(({ code }) => [...String(code)]));
  return new Set(DIGITS.filter((digit) => used.has(digit) || plainReason(field, digit) !== null));
}

export function allowed(field) {
  if (field.kind === "month") return range(`1/${field.lowest}`, `12/${field.highest}`);
  if (!isChoice(field)) return range(field.lowest, field.highest);
  const codes = field.codes.map(({ code }) => code).sort((a, b) => a - b);
  const unbroken = codes.length > 2 && codes.at(-1) - codes[0] === codes.length - 1;
  return unbroken ? range(codes[0], codes.at(-1)) : codes.join(", ");
}

const range = (lowest, highest) => `${lowest ?? 0}–${highest ?? "…"}`;

export function refused(field, value) {
  if (typeof value !== "number" || value < 0) return false;
  if (isChoice(field)) return !field.codes.some(({ code }) => code === value);
  const bounded = field.kind === "month" ? Math.floor(value / 100) : value;
  return bounded < (field.lowest ?? 0) || bounded > (field.highest ?? Infinity);
}

// What the digits of a number's field say: a month is keyed as it is written, 5 2014.
export function numberKeyed(field, digits) {
  if (field.kind !== "month") return Number(digits);
  const [month, year] = [Number(digits.slice(0, -4)), Number(digits.slice(-4))];
  return month >= 1 && month <= 12 ? year * 100 + month : null;
}

// What is odd but may well stand on the paper; each has a name, so that it is asked only once.
export function doubts(fields, at, value, values, closedNow, closedThen) {
  const field = fields[at];
  const found = [];
  if (alikeInARow(fields, at, value, values, closedNow)) found.push({ name: "alike", value });
  const year = { year: value, month: Math.floor(value / 100) }[field.kind];
  if (value >= 0 && year < EARLIEST_USUAL_YEAR) {
    found.push({ name: "early", value });
  }
  if (field.kind === "number" && value > MOST_USUAL) found.push({ name: "many", value });
  if (saysSomething(value) && closedNow.has(field.column)) {
    found.push({ name: "closed", by: numbers(fields, closedNow.get(field.column)) });
  }
  const contradicted = fields.filter(
    ({ column }) =>
      saysSomething(values[column]) &&
      closedThen.has(column) &&
      !closedNow.has(column) &&
      column !== field.column,
  );
  if (contradicted.length)
    found.push({ name: "closes", fields: contradicted.map(({ number }) => number).join(", ") });
  return found;
}

export const numbers = (fields, columns) =>
  fields
    .filter(({ column }) => columns.includes(column))
    .map(({ number }) => number)
    .join(", ");

const saysSomething = (value) => value !== undefined && value !== NOT_ANSWERED;

// Exactly the fourth is asked about: a fifth tells nothing new.
function alikeInARow(fields, at, value, values, closed) {
  const { kind, scale } = fields[at];
  if (kind !== "single" || value < 0) return false;
  let run = 1;
  for (let before = at - 1; before >= 0 && fields[before].scale === scale; before -= 1) {
    if (closed.has(fields[before].column)) continue;
    if (values[fields[before].column] !== value) break;
    run += 1;
  }
  return run === ALIKE_IN_A_ROW;
}
