// Which fields are surely not asked, given the answers so far: the rules of instruments/routing.py,
// which says why they are so. A truth is true, false, or null where it cannot be known.

const NOT_SHOWN = -2;

function truth(condition, answers) {
  if (condition.all) return every(condition.all.map((part) => truth(part, answers)));
  if (condition.any)
    return opposite(every(condition.any.map((part) => opposite(truth(part, answers)))));
  if (condition.not) return opposite(truth(condition.not, answers));
  const answer = answers[condition.item];
  if (condition.includes) return included(answer, condition.includes);
  if (typeof answer !== "number") return null;
  if (condition.in) return among(answer, condition.in);
  if (condition.not_in) return opposite(among(answer, condition.not_in));
  if (answer < 0) return surelyNotChosen(answer);
  return "at_least" in condition ? answer >= condition.at_least : answer <= condition.at_most;
}

function among(answer, values) {
  return answer >= 0 || values.includes(answer) ? values.includes(answer) : surelyNotChosen(answer);
}

function included(answer, values) {
  if (typeof answer === "number") return surelyNotChosen(answer);
  return Array.isArray(answer) ? values.some((value) => answer.includes(value)) : null;
}

const surelyNotChosen = (missing) => (missing === NOT_SHOWN ? false : null);

const opposite = (known) => (known === null ? null : !known);

function every(truths) {
  if (truths.includes(false)) return false;
  return truths.includes(null) ? null : true;
}

// The items a condition looks at, to tell a person which answer closed a field.
function itemsOf(condition) {
  const parts = condition.all || condition.any || (condition.not ? [condition.not] : []);
  return condition.item ? [condition.item] : [].concat(...parts.map(itemsOf));
}

// column -> the columns that closed it, for every field that is surely not asked.
export function closedFields(fields, values) {
  const answers = {};
  const closed = new Map();
  for (const { column, routes } of fields) {
    const closing = routes.find((condition) => truth(condition, answers) === false);
    if (closing) {
      closed.set(column, itemsOf(closing));
      answers[column] = NOT_SHOWN;
    } else if (values[column] !== NOT_SHOWN) {
      answers[column] = values[column];
    }
  }
  return closed;
}
