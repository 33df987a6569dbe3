// Puts it all together: opens the payload, listens to filters, tabs, language and scheme, and redraws what is looked at.

const TABS = ["overview", "actions", "decisions", "risks", "meetings", "costs"];
const byId = (id) => document.getElementById(id);
let payload = null;
let lists = null;
let shown = null;
let tab = "overview";
let stale = new Set(TABS);

function readFilter() {
  return Object.fromEntries(["search", "customer", "banker", "from", "to"].map((name) => [name, byId(name).value]));
}

function isFiltered() {
  return [...Object.values(readFilter()), ...Object.values(listFilters)].some(Boolean);
}

// Filter anew, count, and redraw the section that is looked at; the others wait until somebody does.
function refresh() {
  shown = filtered(lists, readFilter());
  stale = new Set(TABS);
  drawTab(tab);
  drawTiles();
  for (const name of ["actions", "decisions", "risks", "meetings"]) document.querySelector(`[data-count="${name}"]`).textContent = count(shown[name].length);
  const all = lists.meetings.length;
  byId("shown").textContent = shown.meetings.length === all ? word("shown", { n: all }) : word("shown_of", { shown: shown.meetings.length, n: all });
}

function drawTab(name) {
  if (!stale.delete(name)) return;
  const panel = byId(`panel-${name}`);
  if (name === "overview") drawOverview(panel, shown);
  else if (name === "costs") drawCosts(panel, shown, payload.savings);
  else drawList(name, panel, shown[name]);
}

function drawTiles() {
  const scores = shown.meetings.map((meeting) => meeting.score).filter((score) => score !== undefined);
  const purchases = shown.meetings.flatMap((meeting) => meeting.purchases);
  const unknown = purchases.filter((bought) => bought.cost === undefined).length;
  const mood = average(scores);
  const values = {
    meetings: [count(shown.meetings.length), ""],
    customers: [count(grouped(shown.meetings, (meeting) => meeting.customer).size), ""],
    decisions: [count(shown.decisions.length), ""],
    actions: [count(shown.actions.length), ""],
    overdue: [count(shown.actions.filter((action) => dueKind(action) === "overdue").length), word("as_of", { date: dayText(TODAY) })],
    high_risks: [count(shown.risks.filter((risk) => risk.severity === "high").length), ""],
    sentiment: [mood === null ? "–" : scoreText(mood), word("average")],
    cost: [costText(purchases), unknown ? word("unknown_prices", { n: unknown }) : ""],
  };
  for (const [name, [value, note]] of Object.entries(values)) {
    const [main, small] = document.querySelectorAll(`[data-tile="${name}"] dd`);
    main.textContent = value;
    small.textContent = note;
  }
}

function chooseTab(name, isFocused = false) {
  tab = name;
  for (const other of TABS) {
    const button = byId(`tab-${other}`);
    button.setAttribute("aria-selected", String(other === name));
    button.tabIndex = other === name ? 0 : -1;
    byId(`panel-${other}`).hidden = other !== name;
  }
  if (isFocused) byId(`tab-${name}`).focus();
  drawTab(name);
}

// Paper has every section, and charts in the colors of the light scheme.
function layOutForPaper() {
  document.documentElement.dataset.theme = "light";
  for (const name of TABS) {
    byId(`panel-${name}`).hidden = false;
    drawTab(name);
  }
  redrawCharts();
}

function chooseCustomer(name) {
  byId("customer").value = name;
  chooseTab("meetings", true);
  refresh();
}

function chooseOwner(name) {
  listFilters.owner = name;
  byId("choice-owner").value = name;
  chooseTab("actions", true);
  refresh();
}

function searchFor(text) {
  byId("search").value = text;
  chooseTab("meetings", true);
  refresh();
}

function fillSelect(id, name) {
  const select = byId(id);
  const chosen = select.value;
  const names = [...grouped(lists.meetings, (meeting) => meeting[name]).keys()].sort(new Intl.Collator(language).compare);
  select.replaceChildren(element("option", { value: "" }, word("everyone")), ...names.map((one) => element("option", { value: one }, one)));
  select.value = chosen;
}

// Say everything in the language chosen.
function translate() {
  document.documentElement.lang = language;
  document.title = word("title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-name]")) node.setAttribute("aria-label", word(node.dataset.name));
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = word(node.dataset.hint);
  const dates = lists.meetings.map((meeting) => meeting.date).filter(Boolean).sort();
  byId("period").textContent = [...new Set([dates.at(0), dates.at(-1)])].filter(Boolean).map(dayText).join(" – ");
  byId("made").textContent = `${word("made")} ${dayText(payload.today)}`;
  for (const node of document.querySelectorAll("[data-number]")) node.textContent = count(Number(node.dataset.number));
  fillSelect("customer", "customer");
  fillSelect("banker", "banker");
  for (const kind of Object.keys(COLUMNS)) makeListPanel(kind, byId(`panel-${kind}`), lists);
}

function listen() {
  for (const name of ["search", "from", "to"]) byId(name).addEventListener("input", refresh);
  for (const name of ["customer", "banker"]) byId(name).addEventListener("change", refresh);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => {
    for (const name of Object.keys(listFilters)) listFilters[name] = "";
    // The fields are empty only after this event.
    setTimeout(() => {
      for (const kind of Object.keys(COLUMNS)) makeListPanel(kind, byId(`panel-${kind}`), lists);
      refresh();
    });
  });
  for (const name of TABS) byId(`tab-${name}`).addEventListener("click", () => chooseTab(name));
  document.querySelector(".tabs").addEventListener("keydown", (event) => {
    const place = { ArrowRight: TABS.indexOf(tab) + 1, ArrowLeft: TABS.indexOf(tab) + TABS.length - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    chooseTab(TABS[place % TABS.length], true);
  });
  byId("language").addEventListener("change", () => {
    setLanguage(byId("language").value);
    translate();
    refresh();
  });
  byId("theme").addEventListener("change", () => {
    document.documentElement.dataset.theme = byId("theme").value;
    redrawCharts();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
  byId("print").addEventListener("click", () => window.print());
  window.addEventListener("beforeprint", layOutForPaper);
  window.addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = byId("theme").value;
    chooseTab(tab);
    redrawCharts();
  });
  byId("dialog").addEventListener("click", (event) => {
    if (event.target === byId("dialog")) byId("dialog").close();
  });
}

async function open() {
  for (const node of document.querySelectorAll(".needs-script")) node.hidden = false;
  if (typeof DecompressionStream === "undefined") {
    for (const node of document.querySelectorAll(".needs-script")) node.hidden = true;
    byId("too-old").hidden = false;
    return;
  }
  payload = await unpack();
  lists = layOut(payload);
  setLanguage(document.documentElement.dataset.language || navigator.language.slice(0, 2));
  byId("language").value = language;
  translate();
  listen();
  byId("loading").hidden = true;
  byId("sections").hidden = false;
  refresh();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

open();
