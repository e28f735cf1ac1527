// Three short sounds, for a keyer whose eyes are on the paper: stop, is this right, end of the sheet.
// Each also stands on the screen in words. Whether they are wanted is remembered on this machine.

const NAME = "keying-sound";
// Hertz, one after another; low and twice is an error, rising is the end.
const TONES = { stop: [150, 0, 150], doubt: [440], end: [440, 660] };
const SECONDS = 0.09;
const LOUDNESS = 0.12;

let audio;

export const soundIsOn = () => localStorage.getItem(NAME) !== "off";

export function switchSound() {
  localStorage.setItem(NAME, soundIsOn() ? "off" : "on");
}

export function play(name) {
  if (!soundIsOn()) return;
  // Made after the screen is drawn: the first one takes the browser a while.
  setTimeout(() => sound(TONES[name]));
}

function sound(tones) {
  audio ??= new AudioContext();
  const volume = new GainNode(audio, { gain: LOUDNESS });
  volume.connect(audio.destination);
  tones.forEach((frequency, place) => {
    if (!frequency) return;
    const tone = new OscillatorNode(audio, { type: "triangle", frequency });
    tone.connect(volume);
    tone.start(audio.currentTime + place * SECONDS);
    tone.stop(audio.currentTime + (place + 1) * SECONDS);
  });
}
