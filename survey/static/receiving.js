// Sheets are received one after another without the page being asked for anew, and read with the
// camera where the browser can find QR codes by itself. Without this script each is typed and sent.

import { play } from "./keying-sounds.js";

const form = document.querySelector("#receive");
const serial = document.querySelector("#serial");
const video = document.querySelector("#video");
const told = document.querySelector("#camera-told");
const CODE = /^BP:(\d+):\d+\/\d+:[0-9A-F]+$/;
// The code stays before the camera a while after it was read; another sheet comes no sooner.
const SAME_AGAIN = 3000;
const LOOKS_EVERY = 150;

let last = { serial: "", at: 0 };
let sending = false;

async function send() {
  if (sending) return;
  sending = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector("#receive")) return location.assign(answer.url);
    show(page);
  } catch {
    // Without a line the form is sent as ever, and the browser says what is wrong.
    form.submit();
  } finally {
    sending = false;
  }
}

function show(page) {
  for (const id of ["told", "received"]) {
    document.querySelector(`#${id}`).replaceChildren(...page.querySelector(`#${id}`).childNodes);
  }
  const wrong = document.querySelector("#problem");
  const chosen = page.querySelector("#batch");
  if (chosen && document.querySelector("#batch")) {
    document.querySelector("#batch").replaceChildren(...chosen.childNodes);
  } else if (chosen) return location.reload();
  if (!wrong) document.querySelector("#name").value = "";
  serial.toggleAttribute("aria-invalid", Boolean(wrong));
  serial.closest(".part").classList.toggle("in-error", Boolean(wrong));
  serial.value = wrong ? serial.value : "";
  play(wrong ? "stop" : "end");
  serial.select();
  serial.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

// ---- The camera

const camera = document.querySelector("#camera");
if ("BarcodeDetector" in window && navigator.mediaDevices) {
  camera.hidden = false;
  camera.addEventListener("click", look);
}

async function look() {
  const view = document.querySelector("#view");
  view.hidden = false;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment" },
    });
    await video.play();
  } catch {
    told.textContent = told.dataset.none;
    return;
  }
  camera.hidden = true;
  told.textContent = told.dataset.look;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const read = async () => {
    const codes = await detector.detect(video).catch(() => []);
    for (const { rawValue } of codes) await take(CODE.exec(rawValue)?.[1]);
    setTimeout(read, LOOKS_EVERY);
  };
  read();
}

async function take(found) {
  const now = performance.now();
  if (!found || sending) return;
  if (found === last.serial && now - last.at < SAME_AGAIN) {
    last.at = now;
    return;
  }
  last = { serial: found, at: now };
  serial.value = found;
  await send();
}
