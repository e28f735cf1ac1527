// What excludes one another on a page of questions; the last said holds.

export function exclude(form) {
  // A written answer and a reason for none.
  form.addEventListener("input", ({ target }) => {
    const question = target.closest("fieldset");
    const entries = question ? Array.from(question.querySelectorAll(".entry")) : [];
    if (!entries.length) return;
    const reasons = question.querySelectorAll(".answers-apart input");
    if (entries.includes(target)) for (const one of reasons) one.checked = false;
    else {
      for (const one of entries) one.value = "";
      for (const one of reasons) if (one !== target) one.checked = false;
    }
  });

  // Many options and a reason for choosing none.
  form.addEventListener("change", ({ target }) => {
    if (target.type !== "checkbox" || !target.checked) return;
    const question = target.closest("fieldset");
    if (!question || question.querySelector(".entry")) return;
    const apart = target.closest(".answers-apart") !== null;
    for (const one of question.querySelectorAll("input")) {
      const oneApart = one.closest(".answers-apart") !== null;
      if (one !== target && (apart || oneApart)) one.checked = false;
    }
  });
}
