// Reads a question and its answers aloud: a recording where there is one, else the device's own voice
// for each language that stands there. Where there is neither, no button is offered.

const VOICE_WAIT = 5000; // until a voice that said nothing counts as broken
// Whoever reads the first also understands the others spoken; voices for the first are rare.
const NEIGHBOURS = { bs: ["bs", "hr", "sr"] };

const speech = window.speechSynthesis;
const cannotRead = new Set(); // voices and recordings that failed on this page
let beingRead = null;

// Voices come late in some browsers: the buttons are looked after again whenever they change.
export function offerReading() {
  const template = document.getElementById("read-aloud");
  if (!template) return;
  const questions = Array.from(document.querySelectorAll(".question"));
  const offer = () => questions.forEach((question) => offerOne(question, template));
  offer();
  if (speech && speech.addEventListener) speech.addEventListener("voiceschanged", offer);
  else if (speech) speech.onvoiceschanged = offer;
  addEventListener("reading-failed", offer);
  addEventListener("pagehide", stopReading);
  addEventListener("keydown", ({ key }) => key === "Escape" && stopReading());
}

function offerOne(question, template) {
  let button = question.querySelector(".read-aloud");
  if (!canRead(question)) {
    if (button) takeButton(question, button);
    return;
  }
  if (button) return;
  button = template.content.firstElementChild.cloneNode(true);
  const text = question.querySelector("legend, .question-text");
  const number = text.querySelector(".question-number");
  // Several buttons on a page must not be called the same.
  if (number) button.querySelector(".which").textContent = ` ${number.textContent.trim()}`;
  else button.classList.add("alone");
  button.addEventListener("click", () => {
    const again = !beingRead || beingRead.button !== button;
    stopReading();
    if (again) beginReading(question, button);
  });
  text.after(button);
}

// Focus must not fall off the page with the button that had it.
function takeButton(question, button) {
  if (document.activeElement === button) question.querySelector("input, textarea, select").focus();
  button.remove();
}

const recordingOf = ({ dataset }) => (cannotRead.has(dataset.recording) ? "" : dataset.recording);

const canRead = (question) => Boolean(recordingOf(question)) || partsOf(question).every(voiceOf);

function beginReading(question, button) {
  beingRead = { button, question, audio: null, timer: 0 };
  button.classList.add("reading");
  if (recordingOf(question)) playRecording(beingRead);
  else speakPart(beingRead, partsOf(question), 0);
}

function stopReading() {
  if (!beingRead) return;
  const { audio, button, timer } = beingRead;
  beingRead = null;
  clearTimeout(timer);
  markRead(null);
  button.classList.remove("reading");
  if (audio) audio.pause();
  if (speech) speech.cancel();
}

function readingFailed(culprit) {
  cannotRead.add(culprit);
  stopReading();
  dispatchEvent(new Event("reading-failed"));
}

function playRecording(now) {
  const source = recordingOf(now.question);
  now.audio = new Audio(source);
  markRead(now.question);
  now.audio.onended = stopReading;
  const refused = () => {
    if (now !== beingRead) return;
    cannotRead.add(source);
    // Without a line the voice may still be there.
    if (partsOf(now.question).every(voiceOf)) speakPart(now, partsOf(now.question), 0);
    else readingFailed(source);
  };
  now.audio.onerror = refused;
  now.audio.play().catch(refused);
}

function speakPart(now, parts, place) {
  if (now !== beingRead) return;
  if (place === parts.length) {
    stopReading();
    return;
  }
  const { element, text, language } = parts[place];
  const voice = voiceOf(parts[place]);
  const said = new SpeechSynthesisUtterance(text);
  said.voice = voice;
  said.lang = voice.lang || language;
  now.timer = setTimeout(() => now === beingRead && readingFailed(voice.voiceURI), VOICE_WAIT);
  said.onstart = () => clearTimeout(now.timer);
  said.onend = () => {
    clearTimeout(now.timer);
    speakPart(now, parts, place + 1);
  };
  // To be stopped is no failure.
  said.onerror = ({ error }) =>
    now === beingRead && error !== "canceled" && error !== "interrupted" && readingFailed(voice.voiceURI);
  now.said = said; // kept, or some browsers collect it before it has ended
  markRead(element);
  speech.speak(said);
}

function markRead(element) {
  const before = document.querySelector(".being-read");
  if (before) before.classList.remove("being-read");
  if (!element) return;
  element.classList.add("being-read");
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element.scrollIntoView({ block: "nearest" });
}

// Only voices of the device itself: others send what they read to whoever made them.
function voiceOf({ language }) {
  if (!speech) return null;
  const wanted = NEIGHBOURS[language] || [language];
  const ours = speech.getVoices().filter((one) => one.localService && !cannotRead.has(one.voiceURI));
  const spoken = ({ lang }) => lang.toLowerCase().split(/[-_]/)[0];
  for (const code of wanted) {
    const found = ours.filter((one) => spoken(one) === code);
    if (found.length) return found.find((one) => one.default) || found[0];
  }
  return null;
}

// What is heard, in the order it stands: the question as a whole sentence, then all that is offered.
function partsOf(question) {
  const text = question.querySelector("legend, .question-text");
  const around = question.closest("[data-part], main") || document;
  const heard = [wholeQuestion(spokenPart(around.querySelector("h1")), spokenPart(text))];
  const rest = ".hint, .error:not(:empty), .told, .line-end, .answers:not(.line):not(.places) label, .places select:first-of-type option:not([value='']), .answers-apart label";
  for (const one of question.querySelectorAll(rest)) heard.push(spokenPart(one));
  return heard.filter((one) => one.text);
}

// A question may complete its page's heading, after "…"; half a sentence is none.
function wholeQuestion(heading, question) {
  if (!question.text.startsWith("…") || heading.language !== question.language) return question;
  const begun = heading.text.replace(/…$/, "").trim();
  const text = `${begun} ${question.text.slice(1).trim()}`;
  return { element: question.element, text, language: question.language };
}

function spokenPart(element) {
  const copy = element.cloneNode(true);
  for (const one of copy.querySelectorAll(".question-number")) one.remove();
  const inner = copy.querySelector("[lang]");
  const { lang } = inner || element.closest("[lang]");
  const text = copy.textContent.replace(/\s+/g, " ").trim();
  return { element, text, language: lang.toLowerCase().split("-")[0] };
}
