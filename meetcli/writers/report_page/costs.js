// What the answers cost when they were bought, and what caching saved.

function drawCosts(panel, shown, savings) {
  const purchases = shown.meetings.flatMap((meeting) => meeting.purchases);
  const known = purchases.filter((bought) => bought.cost !== undefined);
  const unknown = purchases.length - known.length;
  const byMonth = [...grouped(known, (bought) => bought.day?.slice(0, 7))].sort(([one], [other]) => (one < other ? -1 : 1));
  const title = word("costs_time");
  const points = byMonth.map(([month, group]) => [month, sumOf(group, "cost")]);
  const chart = points.some(([, cost]) => cost) ? chartByMonth(title, points, { format: money, onAxis: roundMoney, isBars: true }) : [nothing(points.length ? word("no_costs") : undefined)];
  const tokens = sumOf(purchases, "in");
  panel.replaceChildren(
    element("h2", { class: "print-only" }, word("costs")),
    element(
      "dl",
      { class: "tiles" },
      tile(word("cost"), costText(purchases), unknown ? word("unknown_prices", { n: unknown }) : ""),
      tile(word("per_meeting"), shown.meetings.length ? costText(purchases, shown.meetings.length) : "–"),
      tile(word("tokens_in"), count(tokens)),
      tile(word("prompt_cache"), tokens ? percent(sumOf(purchases, "cached") / tokens) : "–"),
      tile(word("tokens_out"), count(sumOf(purchases, "out"))),
      savings ? tile(word("saved"), money(Number(savings.usd)), word("saved_hint", { n: savings.hits, since: dayText(savings.since) })) : null,
    ),
    element("div", { class: "cards" }, card(title, null, ...chart), card(word("by_model"), null, modelTable(purchases))),
  );
}

function modelTable(purchases) {
  const rows = [...grouped(purchases, (bought) => bought.model)].map(([model, group]) => {
    return [model, group.length, sumOf(group, "in"), sumOf(group, "cached"), sumOf(group, "out"), costText(group)];
  });
  return plainTable(word("by_model"), ["model", "answers", "tokens_in", "tokens_cached", "tokens_out", "cost"].map((name) => word(name)), rows);
}

// What is known of a cost, of one of `parts`; a price that nobody knows is not zero.
function costText(purchases, parts = 1) {
  const isUnknown = purchases.length && purchases.every((bought) => bought.cost === undefined);
  return isUnknown ? word("unknown") : money(sumOf(purchases, "cost") / parts);
}

function sumOf(purchases, name) {
  return purchases.reduce((sum, bought) => sum + Number(bought[name] ?? 0), 0);
}

function tile(name, value, note = "") {
  return element("div", { class: "tile" }, element("dt", {}, name), element("dd", {}, value), element("dd", { class: "note" }, note));
}
