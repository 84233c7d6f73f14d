"use strict";

// --- the graph ---------------------------------------------------------------------------------------------------

const KINDS = ["boot", "import", "dynamic", "lazy", "call", "thread"];
const VERBS = ["", "imports", "imports by name", "loads on use", "calls", "starts a thread with"];
const ORIGINS = ["first-party", "third-party", "standard library"];
const ROOT = 0, UNREACHED = -1, START = -2;

/** What the page asks of one launch, with edges in typed arrays and a statement for what is deferred together. */
function makeModel(launch) {
  const count = launch.nodes.length, edgeCount = launch.edges.length / 6;
  const column = (offset) => Int32Array.from({length: edgeCount}, (_, edge) => launch.edges[edge * 6 + offset]);
  const model = {
    launch, count, edgeCount, source: column(0), target: column(1), line: column(2), kind: column(3), sure: column(4),
    label: column(5), statementOf: new Int32Array(edgeCount), statements: [], packageOf: new Int32Array(count).fill(-1),
    moduleOf: new Int32Array(count).fill(-1), moduleCount: launch.modules.length / 4, firstEdge: new Int32Array(count).fill(-1),
  };
  const known = new Map();
  for (let edge = 0; edge < edgeCount; edge++) {
    const {source, line, kind, target} = model;
    // One import statement, or one line of calls, is deferred as a whole; what strings name, one name at a time.
    const group = kind[edge] === 0 || kind[edge] === 2 ? `name ${target[edge]}` : kind[edge] >= 4 ? "call" : "import";
    const key = `${source[edge]} ${line[edge]} ${group}`;
    if (!known.has(key)) { known.set(key, model.statements.length); model.statements.push(edge); }
    model.statementOf[edge] = known.get(key);
    if (model.firstEdge[target[edge]] < 0) model.firstEdge[target[edge]] = edge;
  }
  [model.outStart, model.out] = grouped(model.source, count);
  [model.inStart, model.into] = grouped(model.target, count);
  launch.packages.forEach((entry, index) => entry.nodes.forEach((node) => { model.packageOf[node] = index; }));
  for (let module = 0; module < model.moduleCount; module++) model.moduleOf[launch.modules[module * 4]] = module;
  return model;
}

/** Edges by one of their ends: where each node's begin, and all of them. */
function grouped(ends, count) {
  const start = new Int32Array(count + 1);
  for (const end of ends) start[end + 1]++;
  for (let node = 0; node < count; node++) start[node + 1] += start[node];
  const edges = new Int32Array(ends.length), next = start.slice();
  for (let edge = 0; edge < ends.length; edge++) edges[next[ends[edge]]++] = edge;
  return [start, edges];
}

/** For each node the edge by which a shortest chain reaches it, without what is deferred. */
function search(model, deferred, sureOnly) {
  const via = new Int32Array(model.count).fill(UNREACHED), queue = new Int32Array(model.count);
  let end = 1;
  via[ROOT] = START;
  for (let next = 0; next < end; next++) {
    for (let at = model.outStart[queue[next]]; at < model.outStart[queue[next] + 1]; at++) {
      const edge = model.out[at], target = model.target[edge];
      if (via[target] !== UNREACHED || (sureOnly && !model.sure[edge]) || deferred.has(model.statementOf[edge])) continue;
      via[target] = edge;
      queue[end++] = target;
    }
  }
  return via;
}

/** What is loaded without what is deferred: how many modules, which packages, and their measured memory. */
function loaded(model, deferred) {
  const via = search(model, deferred, false), {modules, packages} = model.launch;
  let count = 0;
  for (let module = 0; module < model.moduleCount; module++) if (via[modules[module * 4]] !== UNREACHED) count++;
  const present = packages.filter((entry) => entry.nodes.some((node) => via[node] !== UNREACHED));
  // A package's figure includes those that it imports itself, as in rules/memory.py.
  const included = new Set(present.filter((entry) => entry.megabytes).flatMap((entry) => entry.pulls));
  const counted = present.filter((entry) => entry.megabytes && !included.has(entry.name));
  const megabytes = counted.reduce((sum, entry) => sum + entry.megabytes, 0);
  return {via, count, megabytes, present: new Set(present), counted: new Set(counted)};
}

/** The edges of a shortest chain to a node, through sure edges if there is one. */
function chainTo(model, ways, node) {
  const via = ways.sure[node] !== UNREACHED ? ways.sure : ways.all, chain = [];
  if (via[node] === UNREACHED) return null;
  for (let at = node; via[at] !== START; at = model.source[via[at]]) chain.push(via[at]);
  return chain.reverse();
}

// --- state -------------------------------------------------------------------------------------------------------

const DATA = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const state = {model: null, deferred: new Set(), before: null, after: null, ways: null, chosen: -1, terms: [],
  origins: new Set([0, 1, 2]), omitted: new Set(), opened: new Set(), rows: new Map(), task: 0};

function openLaunch(index) {
  const model = makeModel(DATA.launches[index]);
  Object.assign(state, {model, deferred: new Set(), omitted: new Set(), chosen: -1, terms: [], opened: new Set()});
  state.before = loaded(model, state.deferred);
  at("search").value = "";
  const [before, ...after] = model.launch.app ? model.launch.command.split(model.launch.app) : [model.launch.command];
  at("before").textContent = before;
  at("app").textContent = after.length ? model.launch.app : "";
  at("after").textContent = after.join(model.launch.app);
  at("about").textContent = aboutText(model.launch);
  const first = firstOpen(model);
  if (first >= 0) state.opened.add(first);
  deferralChanged();
  drawTimeline();
}

function aboutText(launch) {
  const parts = [`App known from ${launch.source}`, `environment: ${launch.environment}`];
  if (!launch.forks) parts.push("its pool does not fork, so nothing here is inherited");
  if (launch.undecided) parts.push(`${launch.undecided} undecided`);
  return parts.join(" · ");
}

/** The step to show open: the first that loads a hazard, else the first. */
function firstOpen(model) {
  const {modules} = model.launch;
  for (let module = 0; module < model.moduleCount; module++) if (isHazard(model, modules[module * 4])) return modules[module * 4 + 1];
  return model.moduleCount ? 0 : -1;
}

function deferralChanged() {
  const {model} = state, without = removed();
  state.after = loaded(model, without);
  state.ways = {all: state.after.via, sure: search(model, without, true)};
  if (!without.size) state.baseWays = state.ways;
  drawFigures();
  drawAnswer();
  markLeaving();
  drawDetail();
}

function toggle(statement) {
  if (!state.deferred.delete(statement)) state.deferred.add(statement);
  deferralChanged();
}

const isLeaving = (node) => state.before.via[node] !== UNREACHED && state.after.via[node] === UNREACHED;
const packageAt = (model, node) => model.packageOf[node] < 0 ? null : model.launch.packages[model.packageOf[node]];
const isHazard = (model, node) => Boolean(packageAt(model, node)?.hazard);
const originAt = (model, node) => model.moduleOf[node] < 0 ? -1 : model.launch.modules[model.moduleOf[node] * 4 + 2];
const hazardsIn = (packages) => [...packages].filter((entry) => entry.hazard);

// --- small pieces ------------------------------------------------------------------------------------------------

/** An element; text never becomes markup. */
function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}

const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
const listed = (names) => names.length > 4 ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`
  : names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}` : names.join("");

function placeOf(model, edge) {
  const file = model.launch.fileOf[model.source[edge]];
  return file < 0 ? "" : `${model.launch.files[file]}:${model.line[edge]}`;
}

function verbOf(model, edge) {
  return model.kind[edge] === 0 ? model.launch.labels[model.label[edge]] || "loads" : VERBS[model.kind[edge]];
}

function sizeOf(entry) {
  const size = make("span", "size", entry.megabytes === null ? "not measured" : `${entry.megabytes} MB`);
  if (entry.megabytes === null) size.classList.add("unknown");
  return size;
}

// --- figures and the answer --------------------------------------------------------------------------------------

function drawFigures() {
  const {model, before, after} = state, {modules} = model.launch;
  const own = (result) => { let sum = 0; for (let m = 0; m < model.moduleCount; m++) if (modules[m * 4 + 2] === 0 && result.via[modules[m * 4]] !== UNREACHED) sum++; return sum; };
  const figures = [["modules loaded", before.count, after.count], ["of the project", own(before), own(after)],
    ["hazards", hazardsIn(before.present).length, hazardsIn(after.present).length], ["MB measured for packages", before.megabytes, after.megabytes]];
  at("figures").replaceChildren(...figures.map(([label, old, now]) => {
    const value = make("dd", "");
    if (old !== now) value.append(make("del", "", old.toLocaleString("en")), make("ins", "", now.toLocaleString("en")));
    else value.append(now.toLocaleString("en"));
    const figure = make("div", label === "hazards" && now ? "bad" : "", make("dt", "", label), value);
    figure.dataset.figure = label;
    return figure;
  }));
}

function drawAnswer() {
  const {model, deferred, omitted} = state, box = at("whatif"), isActive = deferred.size + omitted.size > 0;
  box.classList.toggle("active", isActive);
  if (!isActive) {
    box.replaceChildren(make("p", "", "What if? Click a line between two modules to see what would no longer be loaded if it were deferred."), ...drawSuggestions(model));
    return;
  }
  const chips = [...deferred].map((statement) => {
    const edge = model.statements[statement];
    const verb = model.kind[edge] === 0 ? "→" : verbOf(model, edge);
    const chip = make("button", "chip", `${placeOf(model, edge)} ${verb} ${listed(targetsOf(model, statement))}`);
    chip.title = "Defer it no longer";
    chip.addEventListener("click", () => toggle(statement));
    return make("li", "", chip);
  });
  const reset = make("button", "link", "Reset");
  reset.id = "reset";
  reset.addEventListener("click", resetDeferred);
  const answer = make("p", "answer", ...answerParts(), " ", reset);
  answer.setAttribute("role", "status");
  box.replaceChildren(answer, make("ul", "", ...chips), ...drawSuggestions(model));
  const gone = leavingModules();
  if (gone.length) box.append(make("details", "", make("summary", "", "Which modules"), make("ol", "gone", ...gone.slice(0, 300).map((name) => make("li", "", name)), gone.length > 300 ? make("li", "", `and ${gone.length - 300} more`) : "")));
}

/** What a statement executes; a package that it only passes on the way to another is not named. */
function targetsOf(model, statement) {
  const names = new Set();
  for (const edge of edgesAt(model.outStart, model.out, model.source[model.statements[statement]])) {
    if (model.statementOf[edge] === statement) names.add(model.launch.nodes[model.target[edge]]);
  }
  return [...names].filter((name) => ![...names].some((other) => other.startsWith(`${name}.`)));
}

function answerParts() {
  const {before, after} = state, count = before.count - after.count, size = before.megabytes - after.megabytes;
  if (!count) return ["Nothing would leave: all of it is loaded in another way too."];
  const parts = [make("b", "", plural(count, "module")), " would no longer be loaded"];
  if (size) parts.push(" and ", make("b", "", `${size.toLocaleString("en")} MB`), " would go");
  const gone = hazardsIn(before.present).filter((entry) => !after.present.has(entry)).map((entry) => entry.name);
  const rest = hazardsIn(after.present).map((entry) => entry.name);
  if (gone.length) parts.push(`, ${listed(gone)} among them`);
  if (gone.length && rest.length) parts.push(`; ${listed(rest)} ${rest.length === 1 ? "stays" : "stay"}`);
  parts.push(".");
  return parts;
}

function leavingModules() {
  const {nodes, modules} = state.model.launch, names = [];
  for (let module = 0; module < state.model.moduleCount; module++) if (isLeaving(modules[module * 4])) names.push(nodes[modules[module * 4]]);
  return names;
}

function resetDeferred() {
  state.deferred.clear();
  state.omitted.clear();
  deferralChanged();
}

// --- the timeline ------------------------------------------------------------------------------------------------

/** The modules of each step that the search and the choice of origins leave. */
function shownModules() {
  const {model, terms, origins} = state, {modules, nodes, steps} = model.launch;
  const shown = steps.map(() => []), all = steps.map(() => []);
  for (let module = 0; module < model.moduleCount; module++) {
    const name = nodes[modules[module * 4]].toLowerCase(), step = modules[module * 4 + 1];
    all[step].push(module);
    if (origins.has(modules[module * 4 + 2]) && terms.every((term) => name.includes(term))) shown[step].push(module);
  }
  return {shown, all};
}

function drawTimeline() {
  const {model, terms} = state, {steps} = model.launch, {shown, all} = shownModules();
  const list = make("ol", ""), most = Math.max(1, ...all.map((step) => step.length));
  state.rows = new Map();
  steps.forEach((step, index) => {
    if (terms.length && !shown[index].length) return;
    list.append(drawStep(step, index, all[index], shown[index], most));
  });
  const hits = shown.reduce((sum, step) => sum + step.length, 0);
  at("hits").textContent = terms.length ? `${plural(hits, "module")}` : "";
  at("timeline").replaceChildren(list, drawFork());
  if (!model.moduleCount) at("timeline").prepend(make("p", "clean", "No module is loaded before the fork."));
}

function drawFork() {
  const fork = make("div", "fork", "First fork", make("small", "", state.model.launch.forks
    ? "Each child inherits all of the above: memory, locks and connections, but no thread."
    : "Its pool does not fork."));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", "26"); svg.setAttribute("height", "30"); svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M8 0v9M8 9c0 9 12 5 12 17M8 9v17");
  svg.append(path);
  fork.append(svg);
  return fork;
}

function drawStep(step, index, all, shown, most) {
  const {model} = state, {modules} = model.launch, isOpen = state.terms.length > 0 || state.opened.has(index);
  const inStep = new Set(all.map((module) => packageAt(model, modules[module * 4])).filter((entry) => entry && modules[model.moduleOf[entry.nodes[0]] * 4 + 1] === index));
  const size = [...inStep].filter((entry) => state.before.counted.has(entry)).reduce((sum, entry) => sum + entry.megabytes, 0);
  const names = hazardsIn(inStep).map((entry) => entry.name);
  const head = make("button", "head", make("span", "title", step.title, " ", names.length ? make("b", "", listed(names)) : "", " ", make("small", "", step.text)),
    drawBar(all, most), " ", make("span", "count", plural(all.length, "module")), " ",
    make("span", size ? "size known" : "size", size ? `${size} MB` : ""));
  head.dataset.step = index;
  head.setAttribute("aria-expanded", String(isOpen));
  head.addEventListener("click", () => openStep(index, head.getAttribute("aria-expanded") !== "true"));
  const item = make("li", names.length ? "step bad" : "step", head);
  if (isOpen) item.append(drawRows(shown));
  return item;
}

function drawBar(all, most) {
  const {modules} = state.model.launch, counts = [0, 0, 0, 0];
  for (const module of all) counts[isHazard(state.model, modules[module * 4]) ? 3 : modules[module * 4 + 2]]++;
  const bar = make("span", "bar"), width = Math.max(6, 100 * Math.sqrt(all.length / most));
  bar.style.width = `${width}%`;
  bar.title = counts.slice(0, 3).map((count, origin) => `${count} ${ORIGINS[origin]}`).join(", ") + (counts[3] ? `, ${counts[3]} of hazards` : "");
  [["hazard", counts[3]], ["o0", counts[0]], ["o1", counts[1]], ["o2", counts[2]]].forEach(([name, count]) => {
    if (!count) return;
    const part = make("i", name);
    part.style.flexGrow = count;
    bar.append(part);
  });
  return bar;
}

function openStep(index, isOpen) {
  if (isOpen) state.opened.add(index); else state.opened.delete(index);
  const focused = document.activeElement?.dataset?.step;
  drawTimeline();
  if (focused !== undefined) at("timeline").querySelector(`[data-step="${focused}"]`)?.focus();
}

/** Rows in blocks, so that the browser lays out only what is seen. */
function drawRows(shown) {
  const holder = make("div", "");
  for (let start = 0; start < shown.length; start += 200) {
    holder.append(make("div", "rows", ...shown.slice(start, start + 200).map(drawRow)));
  }
  if (!shown.length) holder.append(make("p", "more", "None of the kinds that are shown."));
  return holder;
}

function drawRow(module) {
  const {model} = state, {nodes, modules} = model.launch, node = modules[module * 4], entry = packageAt(model, node);
  const edge = model.firstEdge[node], row = make("button", `row o${modules[module * 4 + 2]}`);
  const name = make("span", "name", ...highlighted(nodes[node]));
  if (!modules[module * 4 + 3]) name.append(make("span", "maybe", "  maybe"));
  if (entry?.hazard) row.classList.add("hazard");
  const where = entry?.nodes[0] === node && (entry.hazard || entry.megabytes) ? sizeOf(entry) : make("span", "where", make("bdi", "", edge < 0 ? "" : placeOf(model, edge)));
  row.append(make("span", "number", String(module + 1)), " ", name, " ", where);
  row.classList.toggle("leaving", isLeaving(node));
  row.classList.toggle("chosen", node === state.chosen);
  row.dataset.node = node;
  state.rows.set(node, row);
  return row;
}

function highlighted(name) {
  const term = state.terms[0], start = term ? name.toLowerCase().indexOf(term) : -1;
  return start < 0 ? [name] : [name.slice(0, start), make("mark", "", name.slice(start, start + term.length)), name.slice(start + term.length)];
}

function markLeaving() {
  for (const [node, row] of state.rows) row.classList.toggle("leaving", isLeaving(node));
}

function choose(node) {
  state.rows.get(state.chosen)?.classList.remove("chosen");
  state.chosen = node;
  state.rows.get(node)?.classList.add("chosen");
  drawDetail();
  at("panel").scrollTop = 0;
}

// --- chains ------------------------------------------------------------------------------------------------------

function drawDetail() {
  const {model, chosen} = state;
  state.task++;
  state.effects = [];
  at("detail").replaceChildren(...(chosen < 0 ? hazardParts(model) : moduleParts(model, chosen)));
  computeEffects(state.task);
}

function hazardParts(model) {
  const chains = hazardsIn(state.before.present).map((entry) => shortestOf(model, state.baseWays, entry)).filter(Boolean);
  if (!chains.length) {
    return [make("h2", "", "Hazards"), make("p", "clean", make("b", "", "None."), " Nothing from the catalogue of hazards is loaded before the first fork. Choose a module on the left to see how it is loaded, and what it brings."),
      ...drawSizes(model), ...drawFindings(model.launch.findings)];
  }
  const parts = [make("h2", "", chains.length === 1 ? "How the hazard is loaded" : `How the ${chains.length} hazards are loaded`), drawTree(model, chains)];
  const others = hazardsIn(state.after.present).map((entry) => shortestOf(model, state.ways, entry))
    .filter((chain) => chain && state.deferred.size + state.omitted.size && !chains.some((known) => known.join() === chain.join()));
  if (others.length) parts.push(make("h3", "", "Still loaded, in another way"), drawTree(model, others));
  return [...parts, ...drawSizes(model), ...drawFindings(model.launch.findings)];
}

function shortestOf(model, ways, entry) {
  const chains = entry.nodes.map((node) => chainTo(model, ways, node)).filter(Boolean);
  return chains.reduce((best, chain) => !best || chain.length < best.length ? chain : best, null);
}

/** Chains that begin alike, drawn as one tree: straight down, a branch to the right where they part. */
function drawTree(model, chains) {
  const root = {edge: -1, next: new Map()};
  for (const chain of chains) {
    let place = root;
    for (const edge of chain) {
      if (!place.next.has(edge)) place.next.set(edge, {edge, next: new Map()});
      place = place.next.get(edge);
    }
  }
  const tree = make("div", "tree");
  const visit = (place, before) => {
    const children = [...place.next.values()];
    tree.append(drawNode(model, place.edge < 0 ? ROOT : model.target[place.edge], before, place.edge >= 0, children.length > 0));
    children.forEach((child, index) => {
      const branches = index < children.length - 1;
      tree.append(drawEdge(model, child.edge, [...before, ...(branches ? ["t", "c"] : ["v"])]));
      visit(child, branches ? [...before, "v"] : before);
    });
  };
  visit(root, []);
  return tree;
}

const cells = (names) => names.map((name) => make("span", `cell ${name}`));

function drawNode(model, node, before, hasAbove, hasBelow) {
  const name = model.launch.nodes[node], entry = packageAt(model, node), origin = originAt(model, node);
  const dot = make("span", "cell", hasAbove ? make("span", "cell up") : "", hasBelow ? make("span", "cell down") : "", make("i", "dot"));
  const row = make(node === ROOT ? "div" : "button", "hop node", ...cells(before), dot, make("span", "text", make("span", "name", name), " ", entry?.hazard ? sizeOf(entry) : ""));
  for (const part of dot.querySelectorAll(".cell")) part.style.cssText = "position:absolute;inset:0";
  if (node === ROOT) row.classList.add("root");
  if (origin >= 0) row.classList.add(`o${origin}`);
  if (name.includes(":")) row.classList.add("o0", "call");
  if (entry?.hazard) row.classList.add("hazard");
  row.classList.toggle("gone", isLeaving(node));
  if (node !== ROOT) row.dataset.node = name.includes(":") ? model.launch.nodes.indexOf(name.split(":")[0]) : node;
  return row;
}

function drawEdge(model, edge, before, target = "") {
  const statement = model.statementOf[edge], effect = make("span", "effect");
  const text = make("span", "text", placeOf(model, edge) && make("span", "place", placeOf(model, edge)), " ",
    make("span", "verb", verbOf(model, edge)), " ", target && make("span", "name", target), " ", effect);
  const row = make("button", "hop edge", ...cells(before), text);
  if (model.source[edge] === ROOT) {
    row.disabled = true;
  } else {
    row.dataset.statement = statement;
    row.setAttribute("aria-pressed", String(state.deferred.has(statement)));
    row.title = state.deferred.has(statement) ? "Defer it no longer" : "What if this were deferred?";
    row.classList.toggle("cut", state.deferred.has(statement));
    if (state.deferred.has(statement)) effect.textContent = "deferred";
    else if (state.after.via[model.source[edge]] !== UNREACHED) state.effects.push({statement, effect, quiet: target !== ""});
  }
  return row;
}

/** Tell at each line what deferring it as well would change, a few at a time so that the page stays quick. */
function computeEffects(task) {
  const {model, after} = state, known = new Map(), without = removed();
  const work = () => {
    if (task !== state.task) return;
    const until = performance.now() + 10;
    while (state.effects.length && performance.now() < until) {
      const {statement, effect, quiet} = state.effects.shift();
      if (!known.has(statement)) known.set(statement, loaded(model, new Set([...without, statement])));
      const count = after.count - known.get(statement).count, size = after.megabytes - known.get(statement).megabytes;
      effect.textContent = count ? `−${plural(count, "module")}${size ? ` · −${size} MB` : ""}` : quiet ? "" : "nothing leaves";
      effect.classList.toggle("strong", count > 0);
    }
    if (state.effects.length) setTimeout(work, 0);
  };
  setTimeout(work, 30);
}

// --- one module --------------------------------------------------------------------------------------------------

function moduleParts(model, node) {
  const {launch} = model, entry = packageAt(model, node), module = model.moduleOf[node];
  const back = make("button", "link", "All hazards");
  back.addEventListener("click", () => choose(-1));
  const parts = [make("p", "facts", back), make("h2", "", make("span", "name", launch.nodes[node])),
    make("p", "facts", factsText(model, module, node), ...fileParts(model, node))];
  if (entry && (entry.hazard || entry.accepted !== null)) parts.push(drawWarning(entry));
  const chain = chainTo(model, state.ways, node) ?? chainTo(model, state.baseWays, node) ?? [];
  const first = firstChain(model, node);
  if (first.join() !== chain.join()) parts.push(make("h3", "", "As it is loaded first"), drawTree(model, [first]));
  parts.push(make("h3", "", isLeaving(node) ? "Shortest chain, as long as nothing is deferred" : "Shortest chain"), drawTree(model, [chain]));
  parts.push(...drawList(model, "Executed by", edgesAt(model.inStart, model.into, node), model.source));
  parts.push(...drawList(model, "Executes", edgesAt(model.outStart, model.out, node), model.target));
  return parts;
}

/** A link to the module's file, and to where it is imported first. */
function fileParts(model, node) {
  const {files, fileOf} = model.launch, edge = model.firstEdge[node], file = files[fileOf[node]], from = edge < 0 ? undefined : files[fileOf[model.source[edge]]];
  return [...(file === undefined ? [] : [" · ", editorLink(file, 1, file)]), ...(from === undefined ? [] : [" · first loaded at ", editorLink(from, model.line[edge], `${from}:${model.line[edge]}`)])];
}

/** The chain by which a node is loaded first: the first edge to it, to the source of that, and so on. */
function firstChain(model, node) {
  const chain = [];
  for (let place = node; model.firstEdge[place] >= 0 && chain.length < model.count; place = model.source[chain[chain.length - 1]]) {
    chain.push(model.firstEdge[place]);
  }
  return chain.reverse();
}

function factsText(model, module, node) {
  if (module < 0) return "";
  const {modules, steps, packages} = model.launch, entry = packageAt(model, node);
  const memory = entry?.nodes[0] === node && entry.megabytes !== null ? `${entry.megabytes} MB with all that ${entry.name} imports` : "memory not measured";
  const certain = modules[module * 4 + 3] ? "" : ", if a condition holds that is not known";
  return `${ORIGINS[modules[module * 4 + 2]]} · number ${module + 1} of ${model.moduleCount}, in ${steps[modules[module * 4 + 1]].title}${certain} · ${memory}`;
}

function drawWarning(entry) {
  const accepted = entry.accepted !== null;
  const text = accepted ? `Accepted${entry.accepted ? `: ${entry.accepted}` : "."}` : `${entry.name}: ${entry.why}. Instead: ${entry.instead}.`;
  return make("p", accepted ? "warning accepted" : "warning", text);
}

const edgesAt = (start, edges, node) => [...edges.subarray(start[node], start[node + 1])];

function drawList(model, heading, edges, ends) {
  const LIMIT = 60, once = new Map();
  for (const edge of edges) if (model.source[edge] !== ROOT) once.set(`${model.statementOf[edge]} ${ends[edge]}`, edge);
  if (!once.size) return [];
  const rows = [...once.values()].slice(0, LIMIT).map((edge) => drawEdge(model, edge, [], model.launch.nodes[ends[edge]]));
  const list = make("div", "list", ...rows);
  if (once.size > LIMIT) list.append(make("p", "more", `and ${once.size - LIMIT} more`));
  return [make("h3", "", `${heading} (${once.size})`), list];
}

// --- events ------------------------------------------------------------------------------------------------------

function searchChanged() {
  state.terms = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  drawTimeline();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("[data-node], [data-statement]");
  if (!row) return;
  if (row.dataset.node !== undefined) { if (Number(row.dataset.node) >= 0) choose(Number(row.dataset.node)); return; }
  const place = [...document.querySelectorAll("[data-statement]")].indexOf(row);
  toggle(Number(row.dataset.statement));
  document.querySelectorAll("[data-statement]")[place]?.focus({preventScroll: true});
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inSearch = event.target === at("search");
  if (event.key === "Escape") return escape();
  if (inSearch && event.key === "Enter") return firstHit();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") return move(event, event.key === "ArrowDown" ? 1 : -1);
  if (inSearch || event.target.tagName === "SELECT") return;
  if (event.key === "/") { event.preventDefault(); at("search").focus(); at("search").select(); }
  if (event.key === "r") resetDeferred();
  const step = event.target.dataset?.step;
  if (step !== undefined && event.key === "ArrowRight") openStep(Number(step), true);
  if (step !== undefined && event.key === "ArrowLeft") openStep(Number(step), false);
});

function escape() {
  at("search").value = "";
  searchChanged();
  choose(-1);
}

function firstHit() {
  const row = at("timeline").querySelector("[data-node]");
  if (!row) return;
  row.focus();
  choose(Number(row.dataset.node));
}

/** Focus the next or previous row of the part that has the focus; from the search into the timeline. */
function move(event, by) {
  if (event.target.tagName === "SELECT") return;
  const part = event.target.closest?.("#panel") ?? at("timeline");
  const rows = [...part.querySelectorAll("button:not(:disabled)")];
  const next = rows[Math.max(0, rows.indexOf(event.target) + (rows.includes(event.target) ? by : 1))];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

let openBefore = null;
addEventListener("beforeprint", () => {
  if (state.model.moduleCount > 2000) return;
  openBefore = new Set(state.opened);
  state.model.launch.steps.forEach((_, index) => state.opened.add(index));
  drawTimeline();
});
addEventListener("afterprint", () => {
  if (openBefore) { state.opened = openBefore; openBefore = null; drawTimeline(); }
});

function start() {
  const select = at("launch");
  DATA.launches.forEach((launch, index) => select.append(new Option(launch.shown, index)));
  select.hidden = DATA.launches.length < 2;
  select.addEventListener("change", () => openLaunch(Number(select.value)));
  at("search").addEventListener("input", searchChanged);
  at("origins").append(...ORIGINS.map((name, origin) => {
    const box = make("input", "");
    Object.assign(box, {type: "checkbox", checked: true});
    box.addEventListener("change", () => { if (box.checked) state.origins.add(origin); else state.origins.delete(origin); drawTimeline(); });
    return make("label", "", box, make("i", `swatch o${origin}`), name);
  }));
  startEditors();
  openLaunch(0);
}

start();
