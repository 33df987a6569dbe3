// What opens when a claim or a meeting is pressed. The browser's own dialog keeps the keyboard inside and closes on Escape.

function openDialog(title, ...content) {
  const dialog = document.getElementById("dialog");
  const close = button(word("close"), () => dialog.close(), { class: "close" });
  dialog.replaceChildren(element("div", { class: "dialog-head" }, element("h2", { id: "dialog-title" }, title), close), ...content.filter(Boolean));
  dialog.scrollTop = 0;
  if (!dialog.open) dialog.showModal();
  close.focus();
}

function facts(pairs) {
  const list = element("dl", { class: "facts" });
  for (const [name, value] of pairs) if (value) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

function meetingFacts(meeting) {
  return [
    [word("date"), meeting.date && dayText(meeting.date)],
    [word("customer"), meeting.customer],
    [word("banker"), meeting.banker],
    [word("type"), meeting.type],
    [word("meeting_id"), meeting.id],
    [word("source"), meeting.source],
    [word("made_by"), [...grouped(meeting.purchases, (bought) => bought.model).keys()].join("; ")],
  ];
}

function openClaim(claim) {
  const own = [
    [word("owner"), claim.kind === "actions" && (claim.owner ?? word("nobody"))],
    [word("due"), [claim.due && dayText(claim.due), claim.said && `“${claim.said}”`].filter(Boolean).join(" · ")],
    [word("status"), claim.tentative && word("tentative")],
    [word("severity"), claim.severity && word(claim.severity)],
    [word("rationale"), claim.rationale],
  ];
  const quote = claim.quote ? quoteBlock(claim) : element("p", { class: "notice" }, word("no_quote"));
  const cut = claim.is_cut ? element("p", { class: "quiet" }, word("quote_cut")) : null;
  openDialog(claim.text, quote, cut, facts([...own, ...meetingFacts(claim.meeting)]), button(word("open_meeting"), () => openMeeting(claim.meeting)));
}

function claimButton(claim) {
  return element("span", {}, button(claim.text, () => openClaim(claim), { class: "claim", title: word("open_quote") }), " ", quoteMark(claim));
}

// A claim that nothing in the transcript supports is marked wherever it stands.
function quoteMark(claim) {
  return claim.quote ? null : element("span", { class: "badge severity-medium unsupported" }, word("without_quote"));
}

function openMeeting(meeting) {
  openDialog(
    meetingName(meeting),
    facts(meetingFacts(meeting)),
    meeting.score !== undefined && element("p", {}, `${word("sentiment")}: `, scoreBadge(meeting.score), " ", courseLine(meeting)),
    meeting.topics && element("p", {}, `${word("topics")}: ${meeting.topics.join(", ")}`),
    meeting.summary && element("div", {}, element("h3", {}, word("summary")), element("p", {}, meeting.summary)),
    ...[
      ["key_points", meeting.points],
      ["decisions", meeting.decisions],
      ["actions", meeting.actions],
      ["risks", meeting.risks],
      ["open_questions", meeting.questions],
    ].map(([name, claims]) => claims && claimList(word(name), claims)),
    ...(meeting.custom ?? []).map((section) => claimList(section.title, section.claims, { isCustom: true })),
    talkOf(meeting),
  );
}

// What a custom task found need not stand on a quote.
function claimList(title, claims, { isCustom = false } = {}) {
  const list = element("ul", { class: "claims" });
  for (const claim of claims) {
    const details = [claim.severity && word(claim.severity), claim.owner, claim.due && dayText(claim.due), claim.tentative && word("tentative")].filter(Boolean).join(" · ");
    list.append(element("li", {}, claim.text, details && element("span", { class: "quiet" }, ` (${details})`), " ", claim.quote ? quoteBlock(claim) : !isCustom && quoteMark(claim)));
  }
  return element("div", {}, element("h3", {}, title), list);
}

function courseLine(meeting) {
  if (!meeting.course) return null;
  const line = element("span", { class: "course", role: "img", "aria-label": `${word("course")}: ${meeting.course.map(scoreText).join(", ")}` });
  for (const score of meeting.course) {
    const bar = element("span", { class: toneOf(score) });
    bar.style.height = `${10 + score * 90}%`;
    line.append(bar);
  }
  return line;
}

function talkOf(meeting) {
  if (!meeting.talk) return null;
  const rows = [...meeting.talk].sort((one, other) => other[1] - one[1]).map(([name, share]) => ({ name, share, value: percent(share) }));
  return element("div", {}, element("h3", {}, word("speakers")), bars(rows));
}
