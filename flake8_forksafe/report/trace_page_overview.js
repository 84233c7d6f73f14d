"use strict";

// --- findings, memory by package, and suggestions: what the page shows before a module is chosen --------------------

const EDITORS = {
  "VS Code": (path, line) => `vscode://file/${path.replace(/^\//, "")}:${line}`,
  "JetBrains": (path, line) => `idea://open?file=${path}&line=${line}`,
  "Zed": (path, line) => `zed://file${path}:${line}`,
  "Sublime Text": (path, line) => `subl://open?url=file://${path}&line=${line}`,
};
const MOST_FINDINGS = 200, MOST_TILES = 40, EDITOR_KEY = "forksafe-editor";
const MAP_WIDTH = 640, MAP_HEIGHT = 220;

/** A link that opens a file of the project in the reader's editor; only text where none is chosen. */
function editorLink(file, line, text) {
  const address = EDITORS[at("editor").value];
  if (!address) return make("span", "place", text);
  const link = make("a", "place", text);
  link.href = address(encodeURI(`${DATA.root}/${file}`).replace(/[?#&]/g, encodeURIComponent), line);
  link.title = `Open ${file}:${line} in ${at("editor").value}`;
  return link;
}

function drawFindings(findings) {
  if (!findings.length) return [];
  const rows = findings.slice(0, MOST_FINDINGS).map((finding) => {
    const code = make("a", "code", finding.code);
    code.href = DATA.help.replace("{code}", finding.code);
    code.rel = "noreferrer";
    return make("li", "", code, " ", editorLink(finding.path, finding.line, `${finding.path}:${finding.line}`), " ", make("span", "", finding.text));
  });
  if (findings.length > MOST_FINDINGS) rows.push(make("li", "more", `and ${findings.length - MOST_FINDINGS} more`));
  const isOpen = findings.length <= 20, list = make("details", "findings", make("summary", "", `Findings (${findings.length})`), make("ol", "", ...rows));
  list.open = isOpen;
  return [list];
}

/** Rectangles that fill a width and a height in proportion to sizes, which fall: a squarified treemap (Bruls et al.). */
function squarified(sizes, width, height) {
  const scale = width * height / sizes.reduce((sum, size) => sum + size, 0), areas = sizes.map((size) => size * scale);
  const found = [];
  let left = 0, top = 0, next = 0;
  while (next < areas.length) {
    const short = Math.min(width, height), worst = (row, sum) => Math.max(short * short * row[0] / (sum * sum), sum * sum / (short * short * row[row.length - 1]));
    let row = [areas[next]], sum = areas[next];
    while (next + row.length < areas.length) {
      const more = areas[next + row.length];
      if (worst([...row, more], sum + more) > worst(row, sum)) break;
      row.push(more);
      sum += more;
    }
    const depth = sum / short;
    let along = 0;
    for (const area of row) {
      const length = area / depth;
      found.push(width >= height ? [left, top + along, depth, length] : [left + along, top, length, depth]);
      along += length;
    }
    if (width >= height) { left += depth; width -= depth; } else { top += depth; height -= depth; }
    next += row.length;
  }
  return found;
}

/** The measured packages, each as large as its memory. */
function drawSizes(model) {
  const counted = [...state.before.counted].sort((a, b) => b.megabytes - a.megabytes).slice(0, MOST_TILES);
  if (counted.length < 2) return [];
  const map = make("div", "map"), places = squarified(counted.map((entry) => entry.megabytes), MAP_WIDTH, MAP_HEIGHT);
  counted.forEach((entry, index) => {
    const [left, top, width, height] = places[index];
    const tile = make("button", "tile", make("span", "name", entry.name), make("span", "", `${entry.megabytes} MB`));
    tile.style.cssText = `left:${100 * left / MAP_WIDTH}%;top:${100 * top / MAP_HEIGHT}%;width:${100 * width / MAP_WIDTH}%;height:${100 * height / MAP_HEIGHT}%`;
    tile.title = `${entry.name}: ${entry.megabytes} MB with all that it imports`;
    tile.dataset.node = entry.nodes.find((node) => model.moduleOf[node] >= 0) ?? -1;
    tile.classList.toggle("hazard", entry.hazard);
    tile.classList.toggle("gone", !state.after.present.has(entry));
    map.append(tile);
  });
  return [make("h3", "", "Memory of packages, as measured"), map];
}

/** The statements that a suggestion is about. */
function statementsOf(model, suggestion) {
  const found = new Set();
  for (let edge = 0; edge < model.edgeCount; edge++) {
    const {source, line, kind, label} = model;
    if (suggestion.label !== undefined ? kind[edge] === 0 && label[edge] === suggestion.label
      : suggestion.statements.some(([node, place, by]) => source[edge] === node && line[edge] === place && kind[edge] === by)) found.add(model.statementOf[edge]);
  }
  return found;
}

/** Buttons for what is worth a try: the fewest imports that keep the hazards out, and steps that a launch can leave out. */
function drawSuggestions(model) {
  const {cut, omissions} = model.launch, rows = [];
  const offer = (name, text, statements, chosen, choose) => {
    const without = loaded(model, statements), count = state.before.count - without.count, size = state.before.megabytes - without.megabytes;
    if (!count) return;
    const button = make("button", "chip suggestion", text, " ", make("small", "", `−${plural(count, "module")}${size ? `, −${size} MB` : ""}`));
    button.dataset.suggestion = name;
    button.setAttribute("aria-pressed", String(chosen));
    button.addEventListener("click", choose);
    rows.push(make("li", "", button));
  };
  if (cut.statements.length) {
    const statements = statementsOf(model, cut), isChosen = [...statements].every((one) => state.deferred.has(one));
    const text = `Defer ${plural(cut.statements.length, "import")}: ${cut.kept.length ? `all hazards but ${listed(cut.kept)}` : "no hazard is left"}`;
    offer("cut", text, statements, isChosen, () => { state.deferred = isChosen ? new Set() : statements; deferralChanged(); });
  }
  omissions.forEach((omission, index) => offer(omission.step, `${omission.without[0].toUpperCase()}${omission.without.slice(1)}`, statementsOf(model, omission), state.omitted.has(index), () => {
    if (!state.omitted.delete(index)) state.omitted.add(index);
    deferralChanged();
  }));
  return rows.length ? [make("ul", "suggestions", ...rows)] : [];
}

/** What is not executed: the deferred statements, and those of the steps that are left out. */
function removed() {
  const {model, deferred, omitted} = state;
  return new Set([...deferred, ...[...omitted].flatMap((index) => [...statementsOf(model, model.launch.omissions[index])])]);
}

function startEditors() {
  const select = at("editor");
  Object.keys(EDITORS).forEach((name) => select.append(new Option(name)));
  select.append(new Option("no editor", ""));
  try { select.value = localStorage.getItem(EDITOR_KEY) ?? select.value; } catch { /* the browser keeps nothing for files */ }
  select.addEventListener("change", () => {
    try { localStorage.setItem(EDITOR_KEY, select.value); } catch { /* it is then asked again */ }
    drawDetail();
  });
}
