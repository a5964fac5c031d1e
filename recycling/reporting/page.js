// What a page does where there is JavaScript. It asks nobody for anything and stores nothing.
"use strict";
// An element with its attributes and what is in it.
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

(() => {
  const root = document.documentElement;
  const contents = document.querySelector("nav.page details");
  const wide = matchMedia("(min-width: 85rem)");
  const unfold = () => { if (wide.matches) contents.open = true; };
  unfold();
  wide.addEventListener("change", unfold);

  const theme = make("button", { type: "button" });
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { theme.textContent = isDark() ? "Light page" : "Dark page"; };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  name();
  document.querySelector("nav.page").append(theme);

  for (const text of document.querySelectorAll("pre[data-copy]")) {
    const what = text.dataset.copy;
    const button = make("button", { type: "button", class: "screen" }, `Copy ${what}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = `${what} copied`;
      } catch { // a file or a browser that may not: select it instead
        getSelection().selectAllChildren(text);
        button.textContent = `${what} selected`;
      }
    });
    text.before(button);
  }

  // What does not scroll needs no stop of the tab key.
  const boxes = document.querySelectorAll(".scroll, .wide, #circuit > div, pre[tabindex]");
  const stops = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const scrolls = target.scrollWidth > target.clientWidth
        || target.scrollHeight > target.clientHeight;
      if (scrolls) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
    }
  });
  boxes.forEach((box) => stops.observe(box));

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
})();
