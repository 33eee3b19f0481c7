// The server of this page, as it is seen from here: questions, pictures, the key that it may ask for.

const KEY = "skuloop-key";

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

export class Unreachable extends Error {}

// A link may bring a key behind its "#", which browsers send to no server. It is taken out of the address at once.
export function takeKeyOfLink() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given === null) return;
  setKey(given);
  history.replaceState(null, "", location.pathname + location.search);
}

export function setKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

export function hasKey() {
  return sessionStorage.getItem(KEY) !== null;
}

export async function identify(photo, signal) {
  const response = await ask("/v1/identify", {
    method: "POST",
    body: photo,
    headers: { "content-type": photo.type.startsWith("image/") ? photo.type : "application/octet-stream" },
    signal,
  });
  const [first] = (await response.json()).answers;
  if (first.problem) throw new Refused(422, first.problem);
  return first.answer;
}

export async function currentRelease() {
  return (await ask("/v1/releases/current")).json();
}

const pictures = new Map();
const MOST_PICTURES = 200;

// The address of a picture within this page. A plain <img> could not bring the key along.
export async function picture(path) {
  if (!pictures.has(path)) {
    if (pictures.size >= MOST_PICTURES) forget(pictures.keys().next().value);
    pictures.set(path, ask(path).then((response) => response.blob()).then((blob) => URL.createObjectURL(blob)));
    pictures.get(path).catch(() => pictures.delete(path));
  }
  return pictures.get(path);
}

function forget(path) {
  pictures.get(path).then((url) => URL.revokeObjectURL(url), () => {});
  pictures.delete(path);
}

async function ask(path, options = {}) {
  const url = new URL(path, location.origin);
  if (url.origin !== location.origin) throw new Refused(0, { detail: "An address of another server." });
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(url, { ...options, headers, credentials: "omit", redirect: "error", cache: "default" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable("The server cannot be reached.");
  }
  if (response.ok) return response;
  throw new Refused(response.status, await response.json().catch(() => ({})));
}
