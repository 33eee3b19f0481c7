// Texts of a page whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3), and how bright its ground is.
globalThis.brightness = (colour) => {
  const [red, green, blue] = colour.match(/[\d.]+/g).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
globalThis.groundOf = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!colour.endsWith(", 0)")) return colour;
  }
  return "rgb(255, 255, 255)";
};
globalThis.faintTexts = () => {
  const texts = document.querySelectorAll("h1, h3, .pill, .belief, .quiet, .price, .stock, summary, #said, button, code");
  const shown = [...texts].filter((one) => one.offsetParent && one.innerText.trim());
  const contrasts = shown.map((one) => {
    const [low, high] = [getComputedStyle(one).color, groundOf(one)].map(brightness).sort((a, b) => a - b);
    return [(high + 0.05) / (low + 0.05), `${one.className} ${one.innerText}`];
  });
  return contrasts.filter(([contrast]) => contrast < 4.5);
};
0;
