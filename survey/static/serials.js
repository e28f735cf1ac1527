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

export const normaliseSerial = (typed) => typed.replace(/[\s.–-]/g, "");

export function couldBeSerial(serial) {
  if (!/^[0-9]{7,18}$/.test(serial)) return false;
  return [...serial].reduce((interim, digit) => Number(DAMM[interim][digit]), 0) === 0;
}
