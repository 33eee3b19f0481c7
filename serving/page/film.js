// Play, pause and seek in a video file.

import * as answers from "./answers.js";
import { video } from "./stage.js";
import { clock } from "./words.js";

const $ = (id) => document.getElementById(id);

export function toggle() {
  if (video.paused) {
    answers.clear();
    video.play().catch(() => {});
  } else video.pause();
}

function showTime() {
  const length = Number.isFinite(video.duration) ? video.duration : 1;
  $("play").dataset.playing = String(!video.paused);
  $("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
  $("clock").textContent = `${clock(video.currentTime)} / ${clock(length)}`;
  $("seek").max = String(length);
  $("seek").value = String(video.currentTime);
  $("seek").setAttribute("aria-valuetext", clock(video.currentTime));
}

$("play").addEventListener("click", toggle);
$("seek").addEventListener("input", () => {
  answers.clear();
  video.currentTime = Number($("seek").value);
});
for (const name of ["timeupdate", "play", "pause", "loadedmetadata", "seeked"]) video.addEventListener(name, showTime);
