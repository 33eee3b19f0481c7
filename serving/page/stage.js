// What is on the stage: nothing, a photo, the camera or a film; and the lines that are said beside it.

import * as answers from "./answers.js";
import * as camera from "./camera.js";

const $ = (id) => document.getElementById(id);
let shown = null; // the object URL on the stage

export const video = $("video");

export function state() {
  return document.body.dataset.state;
}

export function set(name) {
  document.body.dataset.state = name;
  const moving = name === "camera" || name === "film";
  $("empty").hidden = name !== "empty";
  $("frame").hidden = name === "empty";
  $("photo").hidden = name !== "photo";
  video.hidden = !moving;
  $("ask").hidden = !moving;
  $("film").hidden = name !== "film";
  $("live-label").hidden = name !== "camera";
  $("turn").hidden = true;
  if (name !== "camera") $("live").checked = false;
}

export function clear() {
  camera.stop(video);
  video.removeAttribute("src");
  video.load();
  if (shown) URL.revokeObjectURL(shown);
  shown = null;
  answers.clear();
  document.body.classList.remove("answered");
  say("");
  hint("");
  warn("");
}

export function showPhoto(file) {
  clear();
  shown = URL.createObjectURL(file);
  $("photo").src = shown;
  $("photo").alt = file.name ? `Your photo ${file.name}` : "Your photo";
  set("photo");
}

export function showFilm(file) {
  clear();
  shown = URL.createObjectURL(file);
  video.src = shown;
  video.setAttribute("aria-label", `Your video ${file.name}`);
  set("film");
  say("Stop where you see something, and ask.");
  video.play().catch(() => {});
}

export async function showCamera() {
  clear();
  set("empty");
  if (!camera.isPossible()) {
    hint("Browsers open the camera only for pages that come over https or from this very machine. “Take a photo” always works.");
    return;
  }
  try {
    await camera.start(video);
    video.setAttribute("aria-label", "What the camera sees");
    set("camera");
    say("Hold a product before the camera, and ask.");
    $("turn").hidden = !(await camera.hasSeveral());
    $("ask").focus();
  } catch (error) {
    warn(camera.why(error));
  }
}

export function say(text, took = "") {
  $("said").textContent = text;
  $("took").textContent = took;
}

export function warn(text) {
  $("banner").textContent = text;
  $("banner").hidden = !text;
}

export function isWarning() {
  return !$("banner").hidden;
}

function hint(text) {
  $("hint").textContent = text;
  $("hint").hidden = !text;
}

// The frame has the shape of what it shows, so that boxes in per cent of it lie where they belong.
function frame(width, height) {
  if (width && height) $("frame").style.setProperty("--aspect", String(width / height));
}

$("photo").addEventListener("load", () => frame($("photo").naturalWidth, $("photo").naturalHeight));
$("photo").addEventListener("error", () => { $("frame").hidden = true; }); // a picture that this browser cannot show
for (const name of ["loadedmetadata", "resize"]) video.addEventListener(name, () => frame(video.videoWidth, video.videoHeight));
video.addEventListener("error", () => { if (state() === "film") warn("This browser cannot play that video."); });
