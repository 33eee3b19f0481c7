// Answers as boxes over the picture and as cards beside it. Scraped text goes through textContent and nothing else.

import * as server from "./server.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

export function clear() {
  $("found").replaceChildren();
  $("boxes").replaceChildren();
}

export function show(answer, release) {
  clear();
  const several = answer.found.length > 1;
  $("found").classList.toggle("several", several);
  answer.found.forEach((found, place) => {
    const card = cardOf(found, place, several, release?.promised_precision);
    $("found").append(card);
    if (answer.isolated) $("boxes").append(boxOf(found, place, answer.size, card));
  });
}

// Bring one product forward, by its place.
export function point(place) {
  for (const marked of document.querySelectorAll(".pointed")) marked.classList.remove("pointed");
  const card = $("found").children[place];
  if (!card) return;
  card.classList.add("pointed");
  $("boxes").children[place]?.classList.add("pointed");
  card.scrollIntoView({ block: "nearest", behavior: isCalm() ? "auto" : "smooth" });
}

function isCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function boxOf(found, place, [width, height], card) {
  const box = document.createElement("button");
  box.type = "button";
  box.className = `box ${found.verdict}`;
  box.style.left = `${(100 * found.box.left) / width}%`;
  box.style.top = `${(100 * found.box.top) / height}%`;
  box.style.width = `${(100 * (found.box.right - found.box.left)) / width}%`;
  box.style.height = `${(100 * (found.box.bottom - found.box.top)) / height}%`;
  const name = document.createElement("span");
  name.textContent = place + 1;
  box.append(name);
  box.setAttribute("aria-label", `${place + 1}: ${titleOf(found)}`);
  box.addEventListener("click", () => { point(place); card.focus({ preventScroll: true }); });
  box.addEventListener("pointerenter", () => point(place));
  return box;
}

function titleOf(found) {
  return found.match ? found.match.product.title : "Not in this catalogue";
}

function cardOf(found, place, several, promised) {
  const card = $("card").content.firstElementChild.cloneNode(true);
  const part = (name) => card.querySelector(name);
  card.classList.add(found.verdict);
  part(".number").textContent = several ? place + 1 : "";
  part(".pill").textContent = words.VERDICTS[found.verdict];
  part(".pill").classList.add(found.verdict);
  part(".belief").textContent = words.belief(found, several ? null : promised); // the promise is for photos of one product
  part("h3").textContent = titleOf(found);
  if (found.match) fill(part, found.match.product, several);
  else advise(part);
  const others = found.alternatives.slice(found.match ? 1 : 0);
  addOthers(part(".others"), others, found.verdict, !several);
  card.addEventListener("pointerenter", () => several && point(place));
  return card;
}

function fill(part, product, several) {
  const [stock, has] = words.stock(product);
  part(".kind").textContent = words.kind(product);
  part(".price").textContent = words.price(product);
  part(".stock").textContent = stock;
  part(".stock").dataset.has = has;
  part(".when").textContent = several ? words.seenBriefly(product) : words.seen(product);
  part(".sku").textContent = product.sku;
  const url = pageOf(product);
  if (url) {
    part("a").href = url;
    part("a").hidden = false;
  }
  addPictures(part(".pictures"), product, several ? 1 : 3);
}

function advise(part) {
  part(".kind").textContent =
    "It may be new here, or hard to see. Come closer, turn it to the light, or show its front.";
  part(".pictures").remove();
  part(".offer").remove();
  part(".links").remove();
}

// Only a plain web address becomes a link: scraped ones may be anything.
function pageOf(product) {
  try {
    const url = new URL(product.url);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function addPictures(where, product, most) {
  const paths = (product.references ?? []).slice(0, most);
  where.classList.toggle("none", paths.length === 0);
  for (const path of paths) {
    const image = document.createElement("img");
    image.alt = `${product.title}, reference picture`;
    image.decoding = "async";
    where.append(image);
    server.picture(path).then((url) => { image.src = url; }, () => image.remove());
  }
}

function addOthers(details, others, verdict, open) {
  if (others.length === 0) {
    details.remove();
    return;
  }
  details.open = open && verdict === "unsure";
  const titles = { sure: "Looks like it too", unsure: "Or is it one of these?", unseen: "The nearest things" };
  details.querySelector("summary").textContent = titles[verdict];
  for (const other of others) details.querySelector("ul").append(otherOf(other));
}

function otherOf(match) {
  const item = $("other").content.firstElementChild.cloneNode(true);
  const [stock] = words.stock(match.product);
  item.querySelector("strong").textContent = match.product.title;
  item.querySelector("p").textContent = [words.price(match.product), stock, match.sku].filter(Boolean).join(" · ");
  item.querySelector(".score").textContent = words.chance(match.score);
  addPictures(item.querySelector(".thumb"), match.product, 1);
  return item;
}
