// Without this script the page works by loading it again. With it, filters act at once, and the
// list follows what happens in the folder: a small version is asked for, the page only if it differs.
"use strict";
const EVERY = 3000; // ms
const live = () => document.getElementById("live");
const ticked = () => [...document.querySelectorAll("input[name=run]:checked")];

function say() {
  const count = ticked().length;
  document.getElementById("ticked").textContent =
    count ? `${count} ticked.${count < 2 ? " Tick another one." : ""}` : "Tick two runs or more.";
}

async function take() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!fresh) return;
  const names = new Set(ticked().map((box) => box.value));
  const focused = document.activeElement;
  const place = focused && live().contains(focused) && (focused.getAttribute("href") || focused.value);
  live().replaceWith(document.adoptNode(fresh));
  for (const box of document.querySelectorAll("input[name=run]")) box.checked = names.has(box.value);
  if (place) {
    const again = [...live().querySelectorAll("a, input")].find(
      (each) => (each.getAttribute("href") || each.value) === place);
    if (again) again.focus();
  }
  say();
}

async function follow() {
  try {
    if (!document.hidden) {
      const answer = await fetch(live().dataset.source);
      if (answer.ok && (await answer.json()).version !== live().dataset.version) await take();
    }
  } catch {
    // The server has ended: the page stays as it is.
  }
  setTimeout(follow, EVERY);
}

const filters = document.querySelector(".filters");
for (const each of filters.querySelectorAll("select")) each.addEventListener("change", () => filters.requestSubmit());
document.addEventListener("change", (event) => { if (event.target.name === "run") say(); });
say();
setTimeout(follow, EVERY);
