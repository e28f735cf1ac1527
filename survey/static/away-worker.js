// Stands between the keying pages and a bad line. Pages come from the network whenever it answers; when it
// does not, the page that keys without a line is shown, which the device has kept.

import { PAGES, device } from "./keying-device.js";
import { NO_ANSWER, file, reached } from "./reaching.js";

const OURS = /^\/keying\/(?:\d+|away)?$/;

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== location.origin) return;
  const read = request.method === "GET";
  if (read && address.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && OURS.test(address.pathname))
    event.respondWith(read ? reached(request, kept) : saved(request, address.pathname));
});

async function kept() {
  const note = await device.find("notes", "page").catch(() => null);
  if (!note) return null;
  const cache = await caches.open(PAGES);
  return cache.match(note.address, { ignoreVary: true });
}

// A sheet is being saved. Where nobody answers it still lies in its tab, under the name that it would be
// stored by: it is shown again, to be put down on this device.
async function saved(request, path) {
  try {
    const answer = await fetch(request);
    if (!NO_ANSWER.includes(answer.status)) return answer;
  } catch {
    // As where the answer is no answer.
  }
  return Response.redirect(path, 303);
}
