// Has this device keep one page and the files it is shown with: all or nothing, so that what was kept
// before an update goes on working until the new one is there.

// `note` puts down which page is the one to show: before the one it showed so far goes, so that a device
// that goes off in the middle has one whole page to show.
export async function keepPage(name, address, note) {
  const cache = await caches.open(name);
  if (await cache.match(address, { ignoreVary: true })) return note();
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error("no document");
  const text = await answer.clone().text();
  const files = Array.from(new Set(text.match(/\/static\/[\w.-]+\?v=\w+/g)));
  await cache.addAll(files);
  await cache.put(address, answer);
  await note();
  const wanted = files.concat(address);
  // The last first: what is still there of a page that is half gone must not pass for the whole.
  for (const request of (await cache.keys()).reverse()) {
    const { pathname, search } = new URL(request.url);
    if (!wanted.includes(pathname + search)) await cache.delete(request);
  }
}
