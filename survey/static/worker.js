// Stands between the pages and a bad line. Pages come from the network whenever it answers; when it
// does not, a page of questions is answered with the whole questionnaire, which the phone has kept.
// What waits is sent at every chance, and never overtaken by a page that has not seen it.

import { deliver, waiting } from "./delivering.js";
import { drop, dropStale, empty, find, held, keep } from "./pocket.js";
import { NAVIGATION_PATIENCE, file, reached } from "./reaching.js";

const KEPT = "beboerpuls";
const OURS = /^\/(?:(?:page(?:\/\d+)?|send|done|left)?)$/;
const ENDS = /^\/(?:done|left)$/;

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) =>
  event.waitUntil(Promise.all([clients.claim(), dropStale().catch(() => {})]))
);

addEventListener("sync", (event) => {
  if (event.tag === "deliver") event.waitUntil(sendAll());
});

// The browser tries again where this fails.
async function sendAll() {
  const { reached } = await sendAndTell({});
  if (!reached) throw new Error("packs wait");
}

async function sendAndTell(options) {
  const sent = await deliver(options);
  const now = await find("notes", "now").catch(() => null);
  // That something of theirs was refused is told to nobody else who answers here.
  const told = sent.became.filter(({ became, whose }) => became !== "refused" || (now && now.whose === whose));
  if (told.length) {
    const pages = await clients.matchAll();
    for (const page of pages) page.postMessage({ became: told });
  }
  return sent;
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") {
    event.waitUntil(tidy());
    if (OURS.test(address.pathname)) event.respondWith(page(request, address.pathname));
  }
});

let freed = false;

// Once in this worker's life: what no server could take may be taken by now, and is told again else.
async function freeRefused() {
  if (freed) return;
  freed = true;
  for (const pack of await held("waiting"))
    if (pack.refused) await keep("waiting", Object.assign(pack, { refused: 0 }));
}

async function tidy() {
  await dropStale().catch(() => {});
  await freeRefused().catch(() => {});
  if ((await waiting().catch(() => [])).length) await sendAndTell({});
}

// Those who answer here now, or have just ended: the server must know all of theirs before it shows
// their page, or it would show what it knew before.
async function theirsWait() {
  const notes = [await find("notes", "now"), await find("notes", "ended")];
  const whose = notes.filter(Boolean).map((note) => note.whose);
  return (await waiting()).some((pack) => whose.includes(pack.whose));
}

async function page(request, path) {
  try {
    if (path !== "/" && (await theirsWait())) {
      await sendAndTell({ patience: NAVIGATION_PATIENCE });
      if (await theirsWait()) return (await offline()) || fetch(request);
    }
  } catch (_) {
    // Nothing can be kept here, so that nothing waits.
  }
  return reached(request, offline, (answer) => (ENDS.test(path) && answer.ok ? forget() : null));
}

async function offline() {
  const note = await find("notes", "document").catch(() => null);
  if (!note) return null;
  const cache = await caches.open(KEPT);
  return cache.match(note.address, { ignoreVary: true });
}

async function forget() {
  await empty("copies").catch(() => {});
  await drop("notes", "now").catch(() => {});
}
