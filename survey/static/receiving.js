// Sheets are received one after another without the page being asked for anew, and read with the
// camera: by the browser where it finds QR codes itself, else by the server. Without this script each
// is typed and sent.

import { play } from "./keying-sounds.js";
import { slipOf } from "./serials.js";
import { filled } from "./wording.js";

const form = document.querySelector("#receive");
const serial = document.querySelector("#serial");
const video = document.querySelector("#video");
const told = document.querySelector("#camera-told");
const CODE = /^BP:(\d+):\d+\/\d+:[0-9A-F]+$/;
// The code stays before the camera a while after it was read; another sheet comes no sooner.
const SAME_AGAIN = 3000;
// A camera that nobody shows anything to is put out: each look of the server costs a view sent to it.
const PATIENCE = 60000;

let last = { serial: "", at: 0 };
let waiting = 0;
let done = Promise.resolve();

// One after another, in the order in which they were named: who is quicker than the line types on.
function send(named) {
  const sent = new FormData(form);
  sent.set("serial", named);
  waiting += 1;
  done = done.then(() => post(sent)).finally(() => {
    waiting -= 1;
    if (!waiting && goTo) location.assign(goTo);
  });
  return done;
}

// Where to, as soon as every sheet that was named has its answer; `shut`: nothing can be noted any more.
let goTo = null;
let shut = false;

async function post(sent) {
  const named = sent.get("serial");
  if (shut) return fail(named, form.dataset.lost);
  try {
    // Kept alive: what is on its way arrives although the page is left.
    const answer = await fetch(form.action, { method: "POST", body: sent, keepalive: true });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("#receive")) return show(page, sent);
    fail(named, form.dataset.lost);
    // Signed out meanwhile, or nothing of ours.
    if (answer.status < 500) [shut, goTo] = [true, answer.url];
  } catch {
    fail(named, form.dataset.lost);
  }
}

function show(page, sent) {
  for (const id of ["told", "received"]) {
    document.querySelector(`#${id}`).replaceChildren(...page.querySelector(`#${id}`).childNodes);
  }
  const wrong = document.querySelector("#problem");
  showBatches(page.querySelector("#batch"), sent.get("batch"));
  if (wrong) return fail(sent.get("serial"), spoken(wrong));
  const name = document.querySelector("#name");
  if (name.value === sent.get("name")) name.value = "";
  dropCorrected(sent.get("serial"));
  mark(false);
  play("end");
}

// Without the word that only those hear who do not see its colour.
const spoken = (problem) =>
  [...problem.childNodes].filter((one) => !one.classList).map(({ textContent }) => textContent).join("").trim();

function showBatches(chosen, sent) {
  const list = document.querySelector("#batch");
  if (!chosen) return;
  if (!list) {
    goTo ??= location.href;
    return;
  }
  // Options that are moved forget which of them was chosen.
  const value = list.value === sent ? chosen.value : list.value;
  list.replaceChildren(...chosen.childNodes);
  list.value = value;
}

function mark(wrong) {
  serial.toggleAttribute("aria-invalid", wrong);
  serial.closest(".part").classList.toggle("in-error", wrong);
}

// ---- What was not noted: it stays, also when the next comes well, until it is noted or taken off the list

const NOT_NOTED = "receiving-not-noted";
const notNoted = () => JSON.parse(sessionStorage.getItem(NOT_NOTED) ?? "[]");

function fail(named, why) {
  keep([...notNoted().filter(([one]) => one !== named), [named, filled(why, { received: named })]]);
  play("stop");
  // Back into the field, unless the next number is being typed there.
  if (waiting > 1 || serial.value) return;
  mark(true);
  serial.value = named;
  serial.select();
}

function drop(named) {
  keep(notNoted().filter(([one]) => one !== named));
}

// What was keyed wrong and is right by now is noted: its slip is nothing to go after any more.
function dropCorrected(named) {
  keep(notNoted().filter(([one]) => one !== named && !slipOf(one, named)));
}

function keep(list) {
  sessionStorage.setItem(NOT_NOTED, JSON.stringify(list));
  showNotNoted();
}

function showNotNoted() {
  const list = notNoted();
  const part = document.querySelector("#not-noted");
  part.hidden = !list.length;
  part.querySelector("ul").replaceChildren(
    ...list.map(([named, why]) => {
      const row = part.querySelector("template").content.cloneNode(true);
      row.querySelector("p span").textContent = why;
      row.querySelector("button span").textContent = named;
      row.querySelector("button").addEventListener("click", () => {
        drop(named);
        serial.focus();
      });
      return row;
    }),
  );
}

showNotNoted();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!serial.value) return;
  send(serial.value);
  serial.value = "";
  serial.focus();
});
// The first is on its way; of those behind it nothing is sent yet.
addEventListener("beforeunload", (event) => waiting > 1 && event.preventDefault());

// ---- The camera

const camera = document.querySelector("#camera");
const view = document.querySelector("#view");
// Light enough to send a few times a second, and a code a hand's breadth away is still read.
const SENT = 480;

async function itself() {
  if (!("BarcodeDetector" in window)) return null;
  if (!(await BarcodeDetector.getSupportedFormats()).includes("qr_code")) return null;
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const read = async () => (await detector.detect(video)).map((code) => code.rawValue);
  return { read, every: 150 };
}

function theServer() {
  const canvas = document.createElement("canvas");
  const read = async () => {
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
  return { read, every: 400 };
}

let codes = null;
if (navigator.mediaDevices) {
  codes = (await itself()) ?? (view.dataset.codes ? theServer() : null);
  camera.hidden = !codes;
  camera.addEventListener("click", look);
  document.addEventListener("visibilitychange", () => document.hidden && pause());
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
  await lookOn(video.srcObject);
}

async function lookOn(stream) {
  let shown = performance.now();
  while (video.srcObject === stream) {
    const texts = await codes.read().catch(() => []);
    for (const text of texts) if (take(CODE.exec(text)?.[1])) shown = performance.now();
    if (performance.now() - shown > PATIENCE) pause();
    await new Promise((go) => setTimeout(go, codes.every));
  }
}

function pause() {
  if (!video.srcObject) return;
  for (const track of video.srcObject.getTracks()) track.stop();
  video.srcObject = null;
  camera.hidden = false;
  told.textContent = told.dataset.paused;
}

// Whether it is another sheet than the one that was read last.
function take(found) {
  if (!found) return false;
  const now = performance.now();
  const before = last;
  last = { serial: found, at: now };
  if (found !== before.serial || now - before.at >= SAME_AGAIN) send(found);
  return found !== before.serial;
}
