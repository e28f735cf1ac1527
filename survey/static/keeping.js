// Has the phone keep the whole questionnaire, blank, and the files it is shown with: all or nothing,
// so that what was kept before an update goes on working until the new one is there.

import { keep } from "./pocket.js";

const KEPT = "beboerpuls";

export async function keepDocument(address) {
  const cache = await caches.open(KEPT);
  if (!(await cache.match(address, { ignoreVary: true }))) {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error("no document");
    const text = await answer.clone().text();
    const found = text.match(/\/static\/[\w.-]+\?v=\w+/g) || [];
    const files = Array.from(new Set(found));
    await cache.addAll(files);
    await cache.put(address, answer);
    await dropOthers(cache, [address].concat(files));
  }
  await keep("notes", { name: "document", address });
}

async function dropOthers(cache, wanted) {
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (!wanted.includes(pathname + search)) await cache.delete(request);
  }
}
