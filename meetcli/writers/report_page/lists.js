// The long lists: sorted, and drawn a piece at a time, so that a filter over thousands of rows stays quick.

const FIRST_ROWS = 50;
const MORE_ROWS = 200;
const sorting = {
  actions: { by: "due", isUp: true },
  decisions: { by: "date", isUp: false },
  risks: { by: "severity", isUp: false },
  meetings: { by: "date", isUp: false },
};
const listFilters = { due: "", owner: "", status: "", severity: "" };
const SEVERITIES = ["low", "medium", "high"];
const dateOf = (item) => (item.meeting ?? item).date ?? "";
const shownDate = (item) => (dateOf(item) ? dayText(dateOf(item)) : "–");
const meetingButton = (meeting) => button(meetingName(meeting), () => openMeeting(meeting), { class: "claim" });

// Each column: its name, what it sorts by, what it shows. What is not there sorts last, upwards and downwards.
const COLUMNS = {
  actions: [
    ["due", (item) => item.due, dueCell],
    ["action", (item) => item.text, claimButton],
    ["owner", (item) => item.owner, (item) => item.owner ?? element("span", { class: "quiet" }, word("nobody"))],
    ["customer", (item) => item.meeting.customer, (item) => item.meeting.customer ?? "–"],
    ["meeting", dateOf, (item) => button(shownDate(item), () => openMeeting(item.meeting), { class: "claim" })],
  ],
  decisions: [
    ["date", dateOf, shownDate],
    ["decision", (item) => item.text, claimButton],
    ["rationale", (item) => item.rationale, (item) => item.rationale ?? "–"],
    ["customer", (item) => item.meeting.customer, (item) => item.meeting.customer ?? "–"],
    ["banker", (item) => item.meeting.banker, (item) => item.meeting.banker ?? "–"],
  ],
  risks: [
    ["severity", (item) => SEVERITIES.indexOf(item.severity), (item) => severityBadge(item.severity)],
    ["risk", (item) => item.text, claimButton],
    ["customer", (item) => item.meeting.customer, (item) => item.meeting.customer ?? "–"],
    ["banker", (item) => item.meeting.banker, (item) => item.meeting.banker ?? "–"],
    ["date", dateOf, shownDate],
  ],
  meetings: [
    ["date", dateOf, shownDate],
    ["meeting", meetingName, meetingButton],
    ["banker", (item) => item.banker, (item) => item.banker ?? "–"],
    ["sentiment", (item) => item.score, (item) => (item.score === undefined ? "–" : scoreBadge(item.score))],
    ["actions", (item) => item.actions?.length ?? 0, (item) => count(item.actions?.length ?? 0)],
    ["risks", (item) => item.risks?.length ?? 0, (item) => count(item.risks?.length ?? 0)],
  ],
};

function dueCell(action) {
  const kind = dueKind(action);
  const due = action.due ? element("span", { class: `due ${kind}` }, dayText(action.due)) : element("span", { class: "quiet" }, action.said ? `“${action.said}”` : "–");
  const late = kind === "overdue" && element("span", { class: "badge negative" }, word("is_overdue"));
  // Blanks between, no margins: a badge that goes to the next line starts where the line does.
  return element("span", {}, due, " ", late, " ", action.tentative && element("span", { class: "badge neutral" }, word("tentative")));
}

function ownItems(kind, items) {
  if (kind === "risks") return items.filter((item) => !listFilters.severity || item.severity === listFilters.severity);
  if (kind !== "actions") return items;
  return items.filter(
    (item) =>
      (!listFilters.due || dueKind(item) === listFilters.due) &&
      (!listFilters.owner || item.owner === listFilters.owner) &&
      (!listFilters.status || (listFilters.status === "tentative") === Boolean(item.tentative)),
  );
}

function order(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function drawList(kind, panel, all) {
  const items = ownItems(kind, all);
  const { by, isUp } = sorting[kind];
  const sortKey = COLUMNS[kind].find(([name]) => name === by)[1];
  // Folded text compares as fast as numbers; a collator takes a tenth of a second for thousands of rows.
  const keyed = items.map((item) => [sortKey(item), item]).map(([key, item]) => [typeof key === "string" ? folded(key) || null : (key ?? null), item]);
  const direction = isUp ? 1 : -1;
  // Of equals the newest comes first.
  const sorted = keyed.sort(([one, first], [other, second]) => (one === null) - (other === null) || direction * order(one, other) || order(dateOf(second), dateOf(first)));
  const body = element("tbody");
  const more = element("div", { class: "more" });
  const show = (from, to) => {
    for (const [, item] of sorted.slice(from, to)) body.append(listRow(kind, item));
    const left = sorted.length - to;
    more.replaceChildren(element("p", { class: "quiet", role: "status" }, word("listed", { shown: Math.min(to, sorted.length), all: sorted.length })));
    if (left > 0) more.append(button(word("more", { n: Math.min(left, MORE_ROWS) }), () => showMore(to)));
  };
  const showMore = (from) => {
    show(from, from + MORE_ROWS);
    body.rows[from].querySelector("button")?.focus();
  };
  show(0, FIRST_ROWS);
  const table = element("table", { class: "list", role: "table", "aria-label": word(kind) }, listHead(kind, panel, all), body);
  body.setAttribute("role", "rowgroup");
  panel.querySelector(".rows").replaceChildren(sorted.length ? table : nothing(), more);
}

function listHead(kind, panel, all) {
  const { by, isUp } = sorting[kind];
  const cells = COLUMNS[kind].map(([name]) => {
    const isSorted = name === by;
    const sort = button(word(name), () => {
      sorting[kind] = { by: name, isUp: isSorted ? !isUp : true };
      drawList(kind, panel, all);
      panel.querySelector(`th[data-column="${name}"] button`).focus();
    }, { title: word("sort", { name: word(name) }) });
    return element("th", { scope: "col", role: "columnheader", "data-column": name, "aria-sort": isSorted ? (isUp ? "ascending" : "descending") : "none" }, sort);
  });
  return element("thead", { role: "rowgroup" }, element("tr", { role: "row", "data-label": word("sort_by") }, ...cells));
}

function listRow(kind, item) {
  return element("tr", { role: "row" }, ...COLUMNS[kind].map(([name, , show]) => element("td", { role: "cell", "data-label": word(name), class: `column-${name}` }, show(item))));
}

function choice(name, options) {
  const select = element("select", { id: `choice-${name}` }, ...options.map(([value, text]) => element("option", { value, selected: listFilters[name] === value }, text)));
  select.addEventListener("change", () => {
    listFilters[name] = select.value;
    refresh();
  });
  return select;
}

// The filters that belong to one list; made once for each language, so that they keep the focus while a list is redrawn.
function makeListPanel(kind, panel, lists) {
  const own = element("div", { class: "own-filters" });
  const add = (label, select) => own.append(element("label", {}, element("span", {}, label), select));
  if (kind === "actions") {
    add(word("due_filter"), choice("due", [["", word("due_all")], ["overdue", word("due_overdue")], ["week", word("due_week")], ["later", word("due_later")], ["none", word("due_none")]]));
    const owners = [...grouped(lists.actions, (action) => action.owner).keys()].sort(new Intl.Collator(language).compare);
    add(word("owner"), choice("owner", [["", word("everyone")], ...owners.map((name) => [name, name])]));
    add(word("status"), choice("status", [["", word("any")], ["agreed", word("agreed")], ["tentative", word("tentative")]]));
  }
  if (kind === "risks") add(word("severity"), choice("severity", [["", word("any")], ...[...SEVERITIES].reverse().map((name) => [name, word(name)])]));
  panel.replaceChildren(element("h2", { class: "print-only" }, word(kind)), own, element("div", { class: "rows" }));
}
