// Has the phone keep the whole questionnaire, blank, and tells the worker where it lies.

import { keepPage } from "./caching.js";
import { keep } from "./pocket.js";

const KEPT = "beboerpuls";

export async function keepDocument(address) {
  await keepPage(KEPT, address, () => keep("notes", { name: "document", address }));
}
