// The first look: sentiment over time and by customer, owners, topics, talk time.

const TOP = 10;

function drawOverview(panel, shown) {
  panel.replaceChildren(
    element("h2", { class: "print-only" }, word("overview")),
    element("div", { class: "cards" }, sentimentOverTime(shown.meetings), sentimentByCustomer(shown.meetings), owners(shown.actions), topics(shown.meetings), talk(shown.meetings)),
  );
}

function sentimentOverTime(meetings) {
  const scored = meetings.filter((meeting) => meeting.score !== undefined);
  const byMonth = [...grouped(scored, (meeting) => meeting.date?.slice(0, 7))].sort(([one], [other]) => (one < other ? -1 : 1));
  const points = byMonth.map(([month, group]) => [month, average(group.map((meeting) => meeting.score))]);
  const title = word("sentiment_time");
  const chart = points.length ? chartByMonth(title, points, { format: scoreText, range: [0, 1] }) : [scored.length ? nothing(word("no_dates")) : noSentiment(meetings)];
  const made = card(title, points.length ? word("sentiment_time_hint") : null, ...chart);
  made.classList.add("full-width");
  return made;
}

// Of no meetings nothing is known, least of all that nobody analyzed them.
function noSentiment(meetings) {
  return nothing(meetings.length ? word("no_sentiment") : undefined);
}

// As it is shown, so that a color never says other than the number beside it.
function hundredths(score) {
  return Math.round(score * 100) / 100;
}

function sentimentByCustomer(meetings) {
  const scored = meetings.filter((meeting) => meeting.score !== undefined);
  const rows = [...grouped(scored, (meeting) => meeting.customer)]
    .map(([name, group]) => ({ name, score: hundredths(average(group.map((meeting) => meeting.score))), count: group.length }))
    .sort((one, other) => one.score - other.score);
  const title = word("sentiment_customer");
  if (!rows.length) return card(title, null, scored.length ? nothing() : noSentiment(meetings));
  const drawn = (some) => bars(some.map((row) => ({ name: row.name, share: row.score, value: `${scoreText(row.score)} · ${word("shown", { n: row.count })}`, tone: toneOf(row.score), onclick: () => chooseCustomer(row.name) })));
  const made = card(title, word("sentiment_customer_hint"), drawn(rows.slice(0, TOP)));
  if (rows.length > TOP) {
    const more = button(word("more", { n: rows.length - TOP }), () => {
      more.replaceWith(drawn(rows.slice(TOP)));
    });
    made.append(more);
  }
  return made;
}

function owners(actions) {
  const rows = [...grouped(actions, (action) => action.owner)].sort((one, other) => other[1].length - one[1].length).slice(0, TOP);
  const most = Math.max(1, ...rows.map(([, group]) => group.length));
  const drawn = rows.map(([name, group]) => {
    const late = group.filter((action) => dueKind(action) === "overdue").length;
    const value = late ? `${count(group.length)} · ${word("late", { n: late })}` : count(group.length);
    return { name, share: group.length / most, part: late / most, value, onclick: () => chooseOwner(name) };
  });
  return card(word("owners"), word("owners_hint"), drawn.length ? bars(drawn) : nothing());
}

function topics(meetings) {
  const pairs = meetings.flatMap((meeting) => [...new Set(meeting.topics ?? [])].map((topic) => [folded(topic), topic]));
  const rows = [...grouped(pairs, ([key]) => key).values()].sort((one, other) => other.length - one.length).slice(0, TOP);
  const most = Math.max(1, ...rows.map((group) => group.length));
  const drawn = rows.map((group) => ({ name: group[0][1], share: group.length / most, value: count(group.length), onclick: () => searchFor(group[0][1]) }));
  return card(word("topics"), word("topics_hint"), drawn.length ? bars(drawn) : nothing());
}

// Results without speaker statistics leave this card out.
function talk(meetings) {
  const rows = [...grouped(meetings.filter((meeting) => meeting.talk), (meeting) => meeting.banker)]
    .map(([name, group]) => {
      const own = (meeting) => meeting.talk.filter(([speaker]) => folded(speaker) === folded(name)).reduce((sum, [, share]) => sum + share, 0);
      return { name, share: average(group.map(own)) };
    })
    .filter((row) => row.share > 0)
    .sort((one, other) => other.share - one.share)
    .slice(0, TOP);
  if (!rows.length) return "";
  return card(word("talk"), word("talk_hint"), bars(rows.map((row) => ({ ...row, value: percent(row.share) }))));
}
