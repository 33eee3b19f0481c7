// The page: what people do leads to what is shown and asked.

import * as answers from "./answers.js";
import * as asking from "./asking.js";
import * as camera from "./camera.js";
import * as film from "./film.js";
import * as key from "./key.js";
import * as server from "./server.js";
import * as stage from "./stage.js";

const $ = (id) => document.getElementById(id);
const LARGEST = 6_000_000; // bytes: a photo with more is made smaller before it is sent
const LONGEST = 2000; // pixels of its longer side then

async function take(file) {
  if (!file) return;
  asking.stop();
  if (file.type.startsWith("video/")) stage.showFilm(file);
  else {
    stage.showPhoto(file);
    await asking.ask(await smaller(file));
  }
}

// Quicker to send, and no encoder sees that many pixels.
async function smaller(file) {
  if (file.size <= LARGEST) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", 0.9));
  } catch {
    return file; // the server will say what is wrong with it
  }
}

function openCamera() {
  asking.stop();
  stage.showCamera();
}

$("camera").addEventListener("click", openCamera);
$("turn").addEventListener("click", () => camera.turn(stage.video).catch((error) => stage.warn(camera.why(error))));
$("ask").addEventListener("click", asking.askAboutFrame);
$("live").addEventListener("change", asking.keepAsking);
$("key-button").addEventListener("click", () => key.ask(asking.begin));
for (const id of ["file", "snap"]) {
  $(id).addEventListener("change", (event) => {
    const [file] = event.target.files;
    take(file);
    event.target.value = ""; // the same file may be chosen again
  });
}

addEventListener("paste", (event) => take([...(event.clipboardData?.files ?? [])][0]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take([...event.dataTransfer.files][0]);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("key-dialog").open) return;
  const onControl = event.target.closest("button, a, summary, input");
  if (event.key === "c") openCamera();
  else if (event.key === "o") $("file").click();
  else if (/^[1-9]$/.test(event.key)) answers.point(Number(event.key) - 1);
  else if (event.key === " " && !onControl && stage.state() === "film") film.toggle();
  else if (event.key === "Enter" && !onControl) asking.askAboutFrame();
  else return;
  event.preventDefault();
});

addEventListener("offline", () => stage.warn("This device is offline."));
addEventListener("online", asking.begin);
addEventListener("pagehide", () => camera.stop(stage.video));

server.takeKeyOfLink();
stage.set("empty");
asking.begin();
