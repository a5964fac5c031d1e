// The slider over p_x of a report: its figure, its readings and its table. It follows page.js,
// whose function make it takes.
"use strict";
(() => {
  const drawn = (tag, attributes = {}, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    return element;
  };

  const explorer = document.getElementById("explorer");
  if (!explorer) return;
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const [choices, canvas, reading] = [".choices", ".drawn", ".reading"]
    .map((selector) => explorer.querySelector(selector));
  const state = { readout: data.shown.readout, place: 0, theory: false, printed: false };
  const nearest = (values, wanted) => values.reduce(
    (best, value, place) => Math.abs(value - wanted) < Math.abs(values[best] - wanted)
      ? place : best, 0);
  const source = () => data.sources[state.readout];
  const pX = () => source().p_x[state.place];
  const signed = (value) => value === null ? "–"
    : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
  const plain = (value) => +value.toPrecision(4);

  const slider = make("input", { type: "range", min: 0, step: 1, id: "explorer-p-x" });
  const output = make("output", { for: "explorer-p-x" });
  const symbol = make("span");
  symbol.innerHTML = data.shown.symbol;
  choices.append(make("label", {}, symbol, " ", slider, " ", output));
  slider.setAttribute("aria-label", "excited weight p x");
  slider.addEventListener("input", () => { state.place = +slider.value; show(); });

  const readouts = Object.keys(data.sources);
  if (readouts.length > 1) {
    const choice = make("fieldset", {}, make("legend", {}, "Readout"));
    for (const readout of readouts) {
      const radio = make("input", { type: "radio", name: "readout", value: readout });
      radio.checked = readout === state.readout;
      radio.addEventListener("change", () => {
        const before = pX();
        state.readout = readout;
        state.place = nearest(source().p_x, before);
        show();
      });
      choice.append(make("label", {}, radio, ` ${readout === "raw" ? "raw (as recorded)" : readout}`));
    }
    choices.append(choice);
  }
  for (const [key, words] of [["theory", "Theory"], ["printed", "What the paper prints"]]) {
    if (!data[key]) continue;
    const box = make("input", { type: "checkbox", name: key });
    box.addEventListener("change", () => { state[key] = box.checked; show(); });
    choices.append(make("label", {}, box, ` ${words}`));
  }

  // Limits of the axes hold for all p_x and readouts, so that nothing jumps.
  const x = data.axis.values;
  const finite = [];
  for (const each of Object.values(data.sources)) {
    for (const [series] of data.series) finite.push(...each.values[series].flat(2));
  }
  const known = finite.filter((value) => value !== null).concat(0).sort((a, b) => a - b);
  // An interval may be without end, or nearly so: it leaves the figure.
  const at = (share) => known[Math.round(share * (known.length - 1))];
  const room = 0.06 * (at(0.995) - at(0.005)) || 0.1;
  const [low, high] = [at(0.005) - room, at(0.995) + room];
  const spread = (x.at(-1) - x[0]) || Math.abs(x[0]) || 1;
  const ticks = (first, last, count) => {
    const rough = (last - first) / count, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const found = [];
    for (let tick = Math.ceil(first / step) * step; tick <= last + 1e-9 * step; tick += step) {
      found.push(+tick.toFixed(10));
    }
    return found;
  };

  // Plain words for a screen reader, or typeset ones; both forms come from the page itself.
  function words(series, point, html = false) {
    const form = html ? 1 : 2;
    const text = data.series.find(([key]) => key === series)[form];
    const heat = data.series.find(([key]) => key === "heat")[form];
    const [value, from, to] = source().values[series][state.place][point];
    const interval = from === to ? "" : `, 95 % ${signed(from)} to ${signed(to)}`;
    const z = series === "bound_tight" || series === "bound_landauer"
      ? source().z[series.slice(6)][state.place][point] : null;
    const against = z === null ? "" : `; z of ${heat} against it: ${z.toFixed(1)}`;
    return `${html ? data.axis.symbol : data.axis.name} = ${plain(x[point])}, ${text} = ${signed(value)} hf${interval}${against}`;
  }

  function draw() {
    const focused = canvas.contains(document.activeElement) && document.activeElement.dataset.key;
    const width = Math.max(300, canvas.clientWidth), height = Math.min(430, 0.75 * width + 60);
    const left = 58, right = 14, top = 34, bottom = 30;
    const share = (value) => x.length > 1 ? (value - x[0]) / spread : 0.5;
    const inX = (value) => left + 12 + share(value) * (width - left - right - 24);
    const inY = (value) => top + (high - value) / (high - low) * (height - top - bottom);
    const svg = drawn("svg", { width, height, role: "group", "aria-label":
      `Energies over ${data.axis.text} at p_x = ${pX()}, readout ${state.readout}` });
    const inside = drawn("clipPath", { id: "explorer-clip" });
    inside.append(drawn("rect", { x: left, y: top, width: width - left - right,
      height: height - top - bottom }));
    svg.append(inside);
    for (const tick of ticks(low, high, 6)) {
      svg.append(drawn("line", { class: tick ? "grid" : "zero", x1: left, x2: width - right,
        y1: inY(tick), y2: inY(tick) }));
      svg.append(drawn("text", { x: left - 8, y: inY(tick) + 4, "text-anchor": "end" },
        String(tick).replace("-", "−")));
    }
    for (const tick of x.length > 1 ? ticks(x[0], x.at(-1), width / 110) : x) {
      svg.append(drawn("text", { x: inX(tick), y: height - bottom + 20, "text-anchor": "middle" },
        String(plain(tick))));
    }
    svg.append(drawn("text", { x: left, y: 14 }, "energy (hf)"));
    const shapes = drawn("g", { "clip-path": "url(#explorer-clip)" });
    svg.append(shapes);
    const path = (values, kind) => {
      const line = values.map(([value], point) => value === null ? ""
        : `${point && values[point - 1][0] !== null ? "L" : "M"}${inX(x[point])} ${inY(value)}`);
      shapes.append(drawn("path", { class: kind, d: line.join("") || "M0 0" }));
    };
    if (state.theory) {
      const place = nearest(data.theory.p_x, pX());
      for (const [series] of data.series) {
        if (data.theory.values[series][place].length === x.length) {
          path(data.theory.values[series][place], `theory ${series}`);
        }
      }
    }
    for (const [series] of [...data.series].reverse()) {
      const values = source().values[series][state.place];
      path(values, series);
      values.forEach(([value, from, to], point) => {
        if (value === null) return;
        const ends = [to ?? high + 1, from ?? low - 1].map(inY);
        shapes.append(drawn("line", { class: series, x1: inX(x[point]), x2: inX(x[point]),
          y1: ends[0], y2: ends[1] }));
        const dot = drawn("circle", { class: series, cx: inX(x[point]), cy: inY(value), r: 4.5,
          role: "img", tabindex: -1, "aria-label": words(series, point),
          "data-key": `${series} ${point}` });
        for (const event of ["mouseenter", "focus", "click"]) {
          dot.addEventListener(event, () => { reading.innerHTML = words(series, point, true); });
        }
        shapes.append(dot);
      });
    }
    if (state.printed && state.place === nearest(source().p_x, data.printed.p_x)) {
      const [value] = source().values.bound_tight[state.place][0];
      if (value !== null) {
        shapes.append(drawn("circle", { class: "printed", cx: inX(x[0]), cy: inY(value), r: 11 }));
      }
    }
    canvas.replaceChildren(svg);
    const dots = [...svg.querySelectorAll("circle[data-key]")];
    const stop = dots.find((dot) => dot.dataset.key === focused)
      ?? dots.find((dot) => dot.dataset.key === "heat 0") ?? dots[0];
    if (stop) stop.setAttribute("tabindex", "0");
    if (focused && stop) stop.focus();
  }

  // Arrow keys go from point to point, and from quantity to quantity.
  canvas.addEventListener("keydown", (event) => {
    const [series, point] = (document.activeElement.dataset.key ?? " ").split(" ");
    const keys = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!series || !(event.key in keys)) return;
    event.preventDefault();
    const [other, step] = keys[event.key];
    const names = data.series.map(([key]) => key);
    const next = names[(names.indexOf(series) + other + names.length) % names.length];
    const dot = canvas.querySelector(`[data-key="${next} ${+point + step}"]`);
    if (!dot) return;
    document.activeElement.setAttribute("tabindex", "-1");
    dot.setAttribute("tabindex", "0");
    dot.focus();
  });

  const legend = make("p", { class: "legend" });
  for (const [series, html] of data.series) {
    const mark = drawn("svg", { width: 30, height: 12, "aria-hidden": "true" });
    mark.append(drawn("path", { class: series, d: "M0 6H30" }),
      drawn("circle", { class: series, cx: 15, cy: 6, r: 4 }));
    const entry = make("span", {}, mark, " ");
    entry.insertAdjacentHTML("beforeend", html); // typeset by the page itself
    legend.append(entry);
  }
  const under = make("p", { class: "axis" });
  under.innerHTML = data.axis.label;
  const printed = make("p", { class: "note" });
  if (data.printed) printed.innerHTML = data.printed.text;
  canvas.before(legend);
  canvas.after(under, printed);

  function show() {
    slider.max = source().p_x.length - 1;
    slider.value = state.place;
    slider.disabled = source().p_x.length === 1;
    output.textContent = plain(pX());
    slider.setAttribute("aria-valuetext", plain(pX()));
    printed.hidden = !state.printed;
    reading.textContent = `${data.kind}, recycling arm, all trials together, 95 % intervals`
      + `${state.theory ? "; dashed: theory" : ""}. ${data.axis.note} Point at a value or use the arrow keys.`;
    const rows = source().rows[state.place].map((cells) => make("tr", {}, ...cells.map((cell) => {
      const kind = cell.startsWith("below") ? "below" : cell === "above" ? "above"
        : cell.length > 32 ? "words" : "";
      return make("td", kind ? { class: kind } : {}, cell);
    })));
    explorer.querySelector("tbody").replaceChildren(...rows);
    explorer.querySelector("caption").innerHTML =
      `Recycling arm at ${data.shown.symbol} = ${plain(pX())}, readout ${state.readout}`;
    explorer.querySelector("p.note:last-of-type").innerHTML = source().notes[state.place];
    draw();
  }
  explorer.hidden = false;
  state.place = nearest(source().p_x, data.shown.p_x);
  new ResizeObserver(() => draw()).observe(canvas);
  show();
})();
