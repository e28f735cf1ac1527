// What is wrong with what was typed: the server's own words, where the server cannot be asked.

import { monthOf, numberOf } from "./packing.js";

// The problem with one entry, or null. `rules` are the document's, by column.
export function problemOf(entry, rule) {
  const typed = entry.value.trim();
  if (!typed || !rule) return null;
  if (rule.longest) {
    const length = Array.from(typed).length;
    return length > rule.longest ? said(rule.long, { length }) : null;
  }
  if (rule.twice) return chosenBefore(entry) ? rule.twice : null;
  const fits = (one) =>
    (rule.lowest === null || one >= rule.lowest) && (rule.highest === null || one <= rule.highest);
  const number = rule.month ? monthOf(typed, fits) : numberOf(typed);
  if (number === null) return said(rule.malformed, { received: typed.slice(0, 40) });
  const bounded = rule.month ? Math.floor(number / 100) : number;
  return fits(bounded) ? null : said(rule.outside, { received: typed.slice(0, 40) });
}

// Whether an earlier place of the same ranking holds the same.
function chosenBefore(entry) {
  const places = Array.from(entry.form.querySelectorAll("select")).filter(({ name }) => name === entry.name);
  const first = places.findIndex(({ value }) => value === entry.value);
  return places[first] !== entry;
}

const said = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

// Every problem of a page, as [entry, words].
export function problemsOf(form, rules) {
  return Array.from(form.querySelectorAll(".entry"))
    .filter((entry) => entry.closest("[hidden]") === null)
    .map((entry) => [entry, problemOf(entry, rules[entry.name])])
    .filter(([, words]) => words !== null);
}

export function showProblems(section, all) {
  clearProblems(section);
  // One a question: a ranking of three that are the same is one mistake.
  const problems = all.filter(([{ name }], at) => all.findIndex(([one]) => one.name === name) === at);
  if (!problems.length) return;
  const summary = section.querySelector(".error-summary");
  const list = summary.querySelector("ul");
  for (const [entry, words] of problems) {
    const question = entry.closest(".question");
    const error = document.createElement("p");
    error.className = "error";
    error.id = `${entry.name}-error`;
    error.textContent = words;
    question.classList.add("in-error");
    question.querySelector(".answers").before(error);
    entry.setAttribute("aria-invalid", "true");
    const before = entry.getAttribute("aria-describedby");
    entry.setAttribute("aria-describedby", [before, error.id].filter(Boolean).join(" "));
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = `#${entry.id}`;
    link.textContent = words;
    line.append(link);
    list.append(line);
  }
  section.querySelector("[value=skip]").hidden = false;
  summary.hidden = false;
  summary.focus();
}

export function clearProblems(section) {
  section.querySelector("[value=skip]").hidden = true;
  const summary = section.querySelector(".error-summary");
  summary.hidden = true;
  summary.querySelector("ul").textContent = "";
  for (const error of section.querySelectorAll(".question .error")) {
    const question = error.closest(".question");
    const entry = question.querySelector("[aria-invalid=true]");
    question.classList.remove("in-error");
    entry.removeAttribute("aria-invalid");
    const others = entry.getAttribute("aria-describedby").split(" ").filter((id) => id !== error.id);
    if (others.length) entry.setAttribute("aria-describedby", others.join(" "));
    else entry.removeAttribute("aria-describedby");
    error.remove();
  }
}
