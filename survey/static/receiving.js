// Sheets are received one after another without the page being asked for anew, and read with the
// camera: by the browser where it finds QR codes itself, else by the server. Without this script each
// is typed and sent.

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
const view = document.querySelector("#view");
// Light enough to send a few times a second, and a code a hand's breadth away is still read.
const SENT = 480;

async function itself() {
  if (!("BarcodeDetector" in window)) return null;
  if (!(await BarcodeDetector.getSupportedFormats()).includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async () => (await detector.detect(video)).map((code) => code.rawValue);
}

function theServer() {
  const canvas = document.createElement("canvas");
  return async () => {
    const scale = SENT / Math.max(video.videoWidth, video.videoHeight);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height);
    const grey = new Uint8Array(canvas.width * canvas.height);
    for (let dot = 0; dot < grey.length; dot += 1) grey[dot] = data[4 * dot + 1];
    const sent = new FormData();
    sent.set("csrf_token", form.elements.csrf_token.value);
    sent.set("width", canvas.width);
    sent.set("view", new Blob([grey]));
    const answer = await fetch(view.dataset.codes, { method: "POST", body: sent });
    return answer.ok ? answer.json() : [];
  };
}

let codes = null;
if (navigator.mediaDevices) {
  codes = (await itself()) ?? (view.dataset.codes ? theServer() : null);
  camera.hidden = !codes;
  camera.addEventListener("click", look);
}

async function look() {
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
  const read = async () => {
    const texts = await codes().catch(() => []);
    for (const text of texts) await take(CODE.exec(text)?.[1]);
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
