// Numbers of sheets, as survey/serials.py makes them: digits and a check digit by Damm (2004).

const DAMM = [
  "0317598642",
  "7092154863",
  "4206871359",
  "1750983426",
  "6123045978",
  "3674209581",
  "5869720134",
  "8945362017",
  "9438617205",
  "2581436790",
];

// Whether a number that is none was meant to be this one: its zeros left out, one digit wrong, left out or
// too many, or two of them exchanged.
export function slipOf(typed, serial) {
  const [slip, right] = [normaliseSerial(typed), normaliseSerial(serial)];
  if (couldBeSerial(slip) || !couldBeSerial(right) || !/^[0-9]+$/.test(slip)) return false;
  if (slip.replace(/^0+/, "") === right.replace(/^0+/, "")) return true;
  let same = 0;
  while (same < slip.length && slip[same] === right[same]) same += 1;
  const [rest, meant] = [slip.slice(same), right.slice(same)];
  return (
    rest.slice(1) === meant.slice(1) ||
    rest.slice(1) === meant ||
    rest === meant.slice(1) ||
    rest === (meant[1] ?? "") + (meant[0] ?? "") + meant.slice(2)
  );
}

export const normaliseSerial = (typed) => typed.replace(/[\s.–-]/g, "");

export function couldBeSerial(serial) {
  if (!/^[0-9]{7,18}$/.test(serial)) return false;
  return [...serial].reduce((interim, digit) => Number(DAMM[interim][digit]), 0) === 0;
}
