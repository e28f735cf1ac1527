// A page of questions while there is a line. What is sent is sent as the form itself would send it;
// before that it is sealed and put down on the phone, so that a lost line costs nothing. Where
// anything of this cannot be had, the page says so, stays, and tries again.

import { deliver, waiting } from "./delivering.js";
import { whenIdle } from "./idling.js";
import { keepDocument } from "./keeping.js";
import { answersOf, fieldsOf, putDownFor, sealed, setFree } from "./packing.js";
import { drop, keep } from "./pocket.js";
import { readCopy, wipe, writeCopy } from "./readable.js";
import { ask } from "./sending.js";
import { uuid, whoseIs } from "./sealing.js";
import { tell, tellBecame, words } from "./telling.js";

const PAGE_PATIENCE = 12000;
const AGAIN = 15000;
const MOMENT = 2000;

export function takeOver(form) {
  const carried = JSON.parse(document.getElementById("sending").dataset.carried);
  const { page } = carried;
  let copy = null;
  let kept = false; // whether the questionnaire is on the phone, and may be gone on with there
  let pressed = null;
  let busy = false;
  let again = null;
  let changed = false;
  let last = null; // the pack of the press before, which the next replaces

  const ready = prepare(carried).then(
    (made) => (copy = made),
    () => null // no https, no storage, no worker: this page alone, as without a script
  );
  const keeping = ready
    .then((made) => made && keepForLater(made))
    .then(
      () => (kept = copy !== null),
      () => {}
    );
  ready.then((made) => made && sendWaiting());

  // The button that was pressed, which older browsers do not say.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button && button.form === form) pressed = button;
  });
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter || pressed;
    pressed = null;
    go(button ? button.value : "next");
  });
  whenIdle(carried.idle, () => (changed ? go("leave") : leave()));

  async function go(move) {
    if (busy) return;
    busy = true;
    clearTimeout(again);
    removeEventListener("online", retry);
    await ready;
    const pack = copy && (await putAway(move));
    const to = await send(move, pack);
    if (to === "native") return sendNatively(move);
    if (to !== null) return leaveFor(to);
    if (pack) await setFree(pack).catch(() => {});
    // On the first page it may just be coming.
    if (pack && !kept) await Promise.race([keeping, new Promise((go) => setTimeout(go, MOMENT))]);
    if (pack && kept && navigator.serviceWorker.controller && move !== "language") {
      return goOnWithout(move);
    }
    busy = false;
    if (move === "language") tell(words.language);
    else {
      tell(words.stay);
      again = setTimeout(retry, AGAIN);
      addEventListener("online", retry);
    }
    function retry() {
      go(move);
    }
  }

  // Sealed and put down, and remembered in the readable copy; null where the phone takes nothing.
  async function putAway(move) {
    try {
      copy.turn += 1;
      // The same press sent again is the same write: the server tells by what was answered.
      Object.assign(copy.answers, answersOf(form));
      if (!copy.seen.includes(page)) copy.seen.push(page);
      const fields = marked(move);
      const pack = await sealed(copy, page, fields);
      await putDownFor(2 * PAGE_PATIENCE, pack);
      if (last) await drop("waiting", last.order);
      last = pack;
      copy.from = { page, move };
      await writeCopy(copy);
      return pack;
    } catch (_) {
      return null;
    }
  }

  function marked(move) {
    const fields = fieldsOf(form, move);
    return copy ? fields.concat([["writer", copy.writer], ["turn", String(copy.turn)]]) : fields;
  }

  // Where to go next; null where nobody answered; "native" where the browser must send it itself.
  async function send(move, pack) {
    if (pack) {
      const { became, reached } = await deliver({ before: pack.order, here: true });
      tellBecame(became, []);
      if (!reached) return null;
    }
    try {
      const answer = await ask(
        form.action,
        {
          method: "POST",
          credentials: "same-origin",
          headers: { Accept: "application/json" },
          body: new URLSearchParams(marked(move)),
        },
        PAGE_PATIENCE
      );
      if (answer.status >= 500 || answer.status === 429) return null;
      const ours = (answer.headers.get("Content-Type") || "").includes("application/json");
      // A train's own page in place of ours is no answer.
      if (answer.ok && !ours) return null;
      const { to } = answer.ok ? await answer.json() : {};
      if (pack) await drop("waiting", pack.order).catch(() => {});
      return to || "native";
    } catch (_) {
      return null;
    }
  }

  // There is something to be shown of what was sent, and the server alone can show it.
  function sendNatively(move) {
    const said = document.createElement("input");
    said.type = "hidden";
    said.name = "move";
    said.value = move;
    form.append(said);
    HTMLFormElement.prototype.submit.call(form);
  }

  async function leaveFor(to) {
    const path = new URL(to, location.href).pathname;
    if (path === "/done" || path === "/left") await wipe();
    location.assign(to);
  }

  // On to the next page without a line: the worker answers with the kept questionnaire.
  async function goOnWithout(move) {
    if (move === "leave") {
      await wipe(await whoseIs(copy.response));
      location.replace("/left");
    } else location.assign("/page");
  }

  async function leave() {
    await wipe();
    const token = form.elements.csrf_token.value;
    await fetch("/leave", {
      method: "POST",
      credentials: "same-origin",
      body: new URLSearchParams({ csrf_token: token }),
    }).catch(() => {});
    location.replace("/left");
  }

  async function sendWaiting() {
    if (busy || !(await waiting()).length) return;
    const { became } = await deliver({ here: true });
    tellBecame(became, await waiting());
  }
  if (navigator.serviceWorker)
    navigator.serviceWorker.addEventListener("message", ({ data }) => tellBecame(data.became, []));
  addEventListener("online", () => sendWaiting().catch(() => {}));
}

// What is needed to go on without a line. Fails where the browser lacks any of it.
async function prepare(carried) {
  if (!isSecureContext || !navigator.serviceWorker || !crypto.subtle) throw new Error("not here");
  const whose = await whoseIs(carried.response);
  const before = await readCopy().catch(() => null);
  const same = before && before.response === carried.response ? before : null;
  const copy = Object.assign({}, carried, {
    writer: same ? same.writer : uuid(),
    turn: same ? same.turn : 0,
    slots: same ? same.slots : {},
    began: carried.minutes === null ? null : Date.now() - carried.minutes * 60000,
    from: null,
  });
  if (before && !same) await wipe();
  await writeCopy(copy);
  await keep("notes", { name: "now", whose });
  return copy;
}

async function keepForLater(copy) {
  await navigator.serviceWorker.register("/worker.js", { scope: "/" });
  await keepDocument(copy.document);
  await navigator.serviceWorker.ready;
}
