// The camera, and still pictures of whatever a <video> shows.

const LONGEST = 1280; // pixels of a still: more than any encoder sees of one product, and quick to send
const QUALITY = 0.9;

let stream = null;
let facing = "environment";

export function isPossible() {
  return Boolean(navigator.mediaDevices?.getUserMedia); // absent where the page came over plain HTTP from elsewhere
}

export async function start(video) {
  stop(video);
  stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 960 } },
  });
  video.srcObject = stream;
  await video.play();
}

export function stop(video) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
}

export async function turn(video) {
  facing = facing === "environment" ? "user" : "environment";
  await start(video);
}

export async function hasSeveral() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput").length > 1;
}

export function why(error) {
  if (error.name === "NotAllowedError") return "The browser was told not to use the camera. Allow it, or take a photo.";
  if (error.name === "NotFoundError") return "There is no camera on this device. Choose a photo instead.";
  if (error.name === "NotReadableError") return "Another program is using the camera.";
  return "The camera cannot be used. Take or choose a photo instead.";
}

// A JPEG of what a video shows just now.
export async function still(video) {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", QUALITY);
  });
}
