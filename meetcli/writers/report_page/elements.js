// Makes elements. All text goes into text nodes: nothing from a transcript is ever parsed as markup.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child || child === 0));
  return made;
}

function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

function card(title, hint, ...children) {
  return element("section", { class: "card" }, element("h2", {}, title), hint && element("p", { class: "quiet" }, hint), ...children);
}

function nothing(text = word(isFiltered() ? "nothing" : "none")) {
  return element("p", { class: "quiet empty" }, text);
}

function scoreBadge(score) {
  const tone = toneOf(score);
  return element("span", { class: `badge ${tone}` }, `${scoreText(score)} ${word(tone)}`);
}

function severityBadge(severity) {
  return element("span", { class: `badge severity-${severity}` }, word(severity));
}

function quoteBlock(claim) {
  const who = [claim.speaker, claim.at].filter(Boolean).join(", ");
  return element("figure", { class: "quote" }, element("blockquote", {}, `“${claim.quote}${claim.is_cut ? " …" : ""}”`), who && element("figcaption", {}, who));
}

// A row of bars, each with its label and value; a bar may be pressed.
function bars(rows) {
  const list = element("ul", { class: "bars" });
  for (const row of rows) {
    const fill = element("span", { class: `fill ${row.tone ?? ""}` });
    fill.style.width = `${Math.max(0, Math.min(1, row.share)) * 100}%`;
    const part = row.part ? element("span", { class: "fill part" }) : null;
    if (part) part.style.width = `${Math.min(1, row.part) * 100}%`;
    const inside = [element("span", { class: "name" }, row.name), element("span", { class: "value" }, row.value), element("span", { class: "track", "aria-hidden": "true" }, fill, part)];
    list.append(element("li", {}, row.onclick ? button(inside[0], row.onclick, { class: "bar" }) : element("div", { class: "bar" }, inside[0])));
    list.lastChild.firstChild.append(inside[1], inside[2]);
  }
  return list;
}

// A plain table of numbers, which stand to the right, each row with its name.
function plainTable(caption, headings, rows) {
  const number = (value) => element("td", { class: "number" }, typeof value === "number" ? count(value) : value);
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      { class: "plain" },
      element("thead", {}, element("tr", {}, ...headings.map((heading, place) => element("th", { scope: "col", class: place && "number" }, heading)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value, place) => (place ? number(value) : element("th", { scope: "row" }, value)))))),
    ),
  );
}
