// Has this device keep one page and the files it is shown with: all or nothing, so that what was kept
// before an update goes on working until the new one is there.

export async function keepPage(name, address) {
  const cache = await caches.open(name);
  if (await cache.match(address, { ignoreVary: true })) return;
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("no document");
  const text = await answer.clone().text();
  const found = text.match(/\/static\/[\w.-]+\?v=\w+/g) || [];
  const files = Array.from(new Set(found));
  await cache.addAll(files);
  await cache.put(address, answer);
  await dropOthers(cache, [address].concat(files));
}

async function dropOthers(cache, wanted) {
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (!wanted.includes(pathname + search)) await cache.delete(request);
  }
}
