// What is said to people: verdicts, chances, prices, times. Everything here is text, never markup.

export const VERDICTS = { sure: "Sure", unsure: "Not sure", unseen: "Not known" };

const STOCK = {
  instock: ["In stock", "yes"],
  instoreonly: ["In the shop only", "yes"],
  onlineonly: ["Online only", "yes"],
  limitedavailability: ["Only a few left", "few"],
  preorder: ["Can be ordered ahead", "few"],
  presale: ["Can be ordered ahead", "few"],
  backorder: ["On back order", "few"],
  madetoorder: ["Made to order", "few"],
  outofstock: ["Out of stock", "no"],
  soldout: ["Sold out", "no"],
  discontinued: ["No longer sold", "no"],
};

export function chance(score) {
  if (score >= 0.95) return "very likely";
  if (score >= 0.75) return "likely";
  if (score >= 0.5) return "more likely than not";
  if (score >= 0.2) return "possible";
  return "a long shot";
}

export function belief(found, promised) {
  if (found.verdict === "sure") return promised ? `${ofHundred(promised)} such answers are right` : "a close match";
  if (found.verdict === "unsure") return `${chance(found.confidence)}, please check`;
  return "nothing in the catalogue is near enough";
}

export function ofHundred(share) {
  return `${Math.floor(share * 100)} of 100`;
}

export function price(product) {
  if (product.price === null) return "";
  const value = Number(product.price);
  if (!product.currency) return value.toFixed(2);
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency: product.currency }).format(value);
  } catch {
    return `${value.toFixed(2)} ${product.currency}`; // scraped: not every currency is one
  }
}

export function stock(product) {
  if (!product.availability) return ["", ""];
  const name = product.availability.replace(/^https?:\/\/schema\.org\//, "");
  return STOCK[name.toLowerCase()] ?? [name, ""];
}

export function seen(product) {
  if (!product.offer_seen_at) return product.price === null ? "No price is known." : "";
  const day = new Date(product.offer_seen_at);
  return `Price and availability as of ${day.toLocaleDateString(undefined, { dateStyle: "long" })}`;
}

export function seenBriefly(product) {
  if (!product.offer_seen_at) return product.price === null ? "No price is known." : "";
  return `as of ${new Date(product.offer_seen_at).toLocaleDateString(undefined, { dateStyle: "medium" })}`;
}

export function kind(product) {
  return [product.brand, product.category].filter(Boolean).join(" · ");
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function count(many, of) {
  return `${many.toLocaleString()} ${of}${many === 1 ? "" : "s"}`;
}

export function promise(share) {
  return `A known product: ${ofHundred(share)} such answers are right. Price and availability come with it.`;
}

export function summary(answer) {
  if (answer.found.length === 1) return one(answer.found[0]);
  return several(answer.found.length, answer.found.filter((found) => found.match).length);
}

function one(found) {
  if (found.verdict === "sure") return found.match.product.title;
  if (found.verdict === "unsure") return `Maybe ${found.match.product.title}`;
  return "Not in this catalogue";
}

function several(many, known) {
  const tail = known === many ? "" : known ? `, ${known} of them known` : ", none of them known";
  return `${many} things found${tail}`;
}

const PICTURES = {
  unreadable: "The picture is damaged.",
  unsupported_format: "That is no JPEG, PNG, WebP, GIF or AVIF picture.",
  too_small: "The picture is too small.",
  too_large: "The picture is too large.",
  missing: "There is no picture in it.",
};

export function refusal(error) {
  if (error.problem?.reason) return PICTURES[error.problem.reason] ?? "The picture cannot be used.";
  if (error.status === 413) return "The picture is too large for this server.";
  if (error.status === 429) return "Those were too many questions in a short time. Wait a moment, and ask again.";
  if (error.status === 503) return "The server is busy just now. Ask again in a moment.";
  return error.problem?.detail ?? "Something went wrong here. Reload the page.";
}
