// Enter goes to the next field, and saves only from the last; + goes back. Without this, Enter sends
// the form, and the server asks for what is missing.

const form = document.getElementById("decide");
const entries = [...form.querySelectorAll("input.entry, select.entry, button")];

// What stands in a field is replaced by the next key, as on the keying page.
form.addEventListener("focusin", ({ target }) => target.select?.());

// After a refused save the first wrong field is at hand, and not the top of the page.
form.querySelector("[aria-invalid=true]")?.focus();

form.addEventListener("keydown", (event) => {
  const place = entries.indexOf(event.target);
  if (place < 0 || event.target.tagName === "BUTTON") return;
  if (event.key === "Enter") {
    event.preventDefault();
    const next = entries[place + 1];
    next.focus();
    next.closest(".part, .moves").scrollIntoView({ block: "center" });
  } else if (event.key === "+" && place > 0) {
    event.preventDefault();
    entries[place - 1].focus();
    entries[place - 1].closest(".part").scrollIntoView({ block: "center" });
  }
});
