// Locks what was begun on this device with its keyer's password. The key that seals is made here and lies
// wrapped beside what it seals; the password that unwraps it is written nowhere, and what is unwrapped
// stands in the memory of the open page alone.

import { fromBase64, makeTabKey, openForTab, sealForTab, toBase64 } from "./sealing.js";

// OWASP's number for PBKDF2 with SHA-256: a guess costs a thief as long as it costs a keyer.
const ROUNDS = 600000;

async function wrappingKey(password, { salt, rounds }) {
  const bytes = new TextEncoder().encode(password);
  const material = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: fromBase64(salt), iterations: rounds };
  return toBase64(new Uint8Array(await crypto.subtle.deriveBits(how, material, 256)));
}

export async function makeLock(password) {
  const salt = toBase64(crypto.getRandomValues(new Uint8Array(16)));
  const made = { salt, rounds: ROUNDS };
  const wrapped = await sealForTab(await wrappingKey(password, made), { key: makeTabKey() });
  return { ...made, ...wrapped };
}

// The key, or null where it is another password.
export async function openLock(lock, password) {
  const wrapping = await wrappingKey(password, lock);
  try {
    return (await openForTab(wrapping, lock)).key;
  } catch {
    return null;
  }
}
