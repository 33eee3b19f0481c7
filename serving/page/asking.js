// Questions: one at a time, asked again where a key or the server was missing.

import * as answers from "./answers.js";
import * as camera from "./camera.js";
import * as key from "./key.js";
import * as server from "./server.js";
import * as stage from "./stage.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);
const PATIENCE = 3000; // milliseconds between two looks whether the server is back
const LIVE_PAUSE = 250; // milliseconds between two questions of "Keep asking"

let release = null;
let out = null; // what aborts the question that is out
let again = null; // the question that had no answer yet

export function stop() {
  out?.abort();
  again = null;
}

export async function askAboutFrame() {
  if (stage.video.hidden || !stage.video.videoWidth) return;
  if (stage.state() === "film") stage.video.pause();
  await ask(await camera.still(stage.video));
}

// The next question goes out when the last one is answered, never two at a time.
export async function keepAsking() {
  while ($("live").checked && stage.state() === "camera") {
    await askAboutFrame();
    await new Promise((resolve) => setTimeout(resolve, LIVE_PAUSE));
  }
}

export async function ask(photo) {
  out?.abort();
  const mine = new AbortController();
  out = mine;
  again = () => ask(photo);
  document.body.classList.add("asking");
  if (!$("live").checked) stage.say("Looking…");
  const start = performance.now();
  try {
    const answer = await server.identify(photo, mine.signal);
    again = null;
    show(answer, performance.now() - start);
  } catch (error) {
    if (error.name !== "AbortError") explain(error);
  } finally {
    if (out === mine) document.body.classList.remove("asking");
  }
}

function show(answer, milliseconds) {
  stage.warn("");
  document.body.classList.add("answered");
  answers.show(answer, release);
  stage.say(words.summary(answer), `${Math.round(milliseconds)} ms`);
  if (release?.release_id !== answer.release_id) learnRelease().catch(() => {});
}

function explain(error) {
  $("live").checked = false;
  stage.say("");
  if (error instanceof server.Unreachable) {
    stage.warn("The server cannot be reached. As soon as it is back, your question is asked again.");
    setTimeout(comeBack, PATIENCE);
    return;
  }
  answers.clear();
  if (error.status === 401) key.ask(begin);
  else stage.warn(words.refusal(error));
}

async function comeBack() {
  if (!stage.isWarning() || !again) return;
  try {
    await learnRelease();
  } catch (error) {
    if (error instanceof server.Unreachable) setTimeout(comeBack, PATIENCE);
    else explain(error);
    return;
  }
  stage.warn("");
  again?.();
}

// Learn what the server serves, at the start and with each new key; then ask what waits for an answer.
export async function begin() {
  try {
    await learnRelease();
  } catch (error) {
    if (error.status === 401) key.ask(begin);
    else if (error instanceof server.Unreachable) {
      stage.warn("The server cannot be reached. Trying again…");
      setTimeout(begin, PATIENCE);
    } else stage.warn(words.refusal(error));
    return;
  }
  stage.warn("");
  again?.();
}

async function learnRelease() {
  release = await server.currentRelease();
  $("products").textContent = words.count(release.products, "product");
  $("release-id").textContent = ` · release ${release.release_id}`;
  if (release.promised_precision) $("promise").textContent = words.promise(release.promised_precision);
}
