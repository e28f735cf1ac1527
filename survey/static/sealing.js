// Seals with the browser's own cryptography: packs to the wave's public key, which only the server
// can undo (survey/sealed_box.py says how a box is made), and the readable copy to this tab's key.

const BOX_VERSION = 1;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
// Neither the length of a text nor the number of answers shows in what is sealed.
const PADDED_TO = 512;

export function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

function together(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function padded(content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  const whole = new Uint8Array(Math.ceil(bytes.length / PADDED_TO) * PADDED_TO).fill(32);
  whole.set(bytes);
  return whole;
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

export async function sealBox({ wave, key, point }, content) {
  const theirPoint = fromBase64(point);
  const theirs = await crypto.subtle.importKey("raw", theirPoint, CURVE, false, []);
  const own = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const ownPoint = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const shared = { name: "ECDH", public: theirs };
  const secret = await crypto.subtle.deriveBits(shared, own.privateKey, 256);
  const bound = new TextEncoder().encode(`beboerpuls box ${BOX_VERSION} ${wave} ${key}`);
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const cipher = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: together(ownPoint, theirPoint), info: bound },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt"]
  );
  const nonce = random(12);
  const options = { name: "AES-GCM", iv: nonce, additionalData: bound };
  const sealed = await crypto.subtle.encrypt(options, cipher, padded(content));
  return toBase64(together([BOX_VERSION], ownPoint, nonce, new Uint8Array(sealed)));
}

const tabCipher = (key) =>
  crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, ["encrypt", "decrypt"]);

export const makeTabKey = () => toBase64(random(32));

export async function sealForTab(key, content) {
  const nonce = random(12);
  const options = { name: "AES-GCM", iv: nonce };
  const sealed = await crypto.subtle.encrypt(options, await tabCipher(key), padded(content));
  return { nonce, sealed };
}

export async function openForTab(key, { nonce, sealed }) {
  const options = { name: "AES-GCM", iv: nonce };
  const plain = await crypto.subtle.decrypt(options, await tabCipher(key), sealed);
  return JSON.parse(new TextDecoder().decode(plain));
}

// A UUID of version 4, which says nothing of when it was made.
export function uuid() {
  const bytes = random(16);
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const text = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// Tells packs of one response from another's, without naming it.
export async function whoseIs(response) {
  const bytes = new TextEncoder().encode(`whose ${response}`);
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 12));
}
