// What the page says, in the language chosen: words, numbers, dates.

const LABELS = JSON.parse(document.getElementById("labels").textContent);
let language = "en";

function setLanguage(chosen) {
  language = chosen in LABELS ? chosen : "en";
}

function word(name, values = {}) {
  let text = LABELS[language][name];
  if (Array.isArray(text)) text = text[values.n === 1 ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (whole, key) => (typeof values[key] === "number" ? count(values[key]) : values[key] ?? whole));
}

function count(number) {
  return number.toLocaleString(language);
}

function scoreText(score) {
  return score.toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function percent(share) {
  return share.toLocaleString(language, { style: "percent", maximumFractionDigits: 0 });
}

function money(amount) {
  const digits = amount === 0 || amount >= 10 ? 2 : 4;
  return amount.toLocaleString(language, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits });
}

// Days are days: without the zone they would move by one west of Greenwich.
function dayText(day) {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(language, { dateStyle: "medium", timeZone: "UTC" });
}

function monthText(month) {
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString(language, { month: "short", year: "numeric", timeZone: "UTC" });
}

function meetingName(meeting) {
  return [meeting.customer, meeting.type].filter(Boolean).join(", ") || meeting.source || meeting.id || word("meeting");
}
