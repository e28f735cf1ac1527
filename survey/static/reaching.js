// The network first; what was kept where it does not answer.

export const NAVIGATION_PATIENCE = 8000;
export const NO_ANSWER = [502, 503, 504];

export async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  return kept || fetch(request);
}

// The network's answer, of which `came` is told; where it gives none, what `kept` gives. Fails where
// there is neither.
export async function reached(request, kept, came) {
  try {
    const answer = await fromNetwork(request, kept);
    if (NO_ANSWER.includes(answer.status)) return (await kept()) || answer;
    if (came) await came(answer);
    return answer;
  } catch (failure) {
    const instead = await kept();
    if (instead) return instead;
    throw failure;
  }
}

// Patience ends only for what can be had without.
function fromNetwork(request, kept) {
  return new Promise((resolve, reject) => {
    const asked = fetch(request);
    const timer = setTimeout(async () => {
      if (await kept()) reject(new Error("no answer"));
    }, NAVIGATION_PATIENCE);
    asked.then(resolve, reject).then(() => clearTimeout(timer));
  });
}
