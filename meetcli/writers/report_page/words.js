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

// Making a formatter takes far longer than using it, and a list has hundreds of dates.
const formatters = new Map();
function formatter(kind, name, options) {
  const key = `${language} ${name}`;
  if (!formatters.has(key)) formatters.set(key, new kind(language, options));
  return formatters.get(key);
}

function count(number) {
  return formatter(Intl.NumberFormat, "count").format(number);
}

function scoreText(score) {
  return formatter(Intl.NumberFormat, "score", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(score);
}

function percent(share) {
  return formatter(Intl.NumberFormat, "percent", { style: "percent", maximumFractionDigits: 0 }).format(share);
}

function dollars(amount, least, most) {
  return formatter(Intl.NumberFormat, `money ${least} ${most}`, { style: "currency", currency: "USD", minimumFractionDigits: least, maximumFractionDigits: most }).format(amount);
}

// Finer the smaller it is; what costs something is never shown as nothing.
function money(amount) {
  if (amount > 0 && amount < 0.00005) return `<${dollars(0.0001, 4, 4)}`;
  const digits = amount === 0 || amount >= 10 ? 2 : 4;
  return dollars(amount, digits, digits);
}

// On an axis, where digits that every line has alike say nothing.
function roundMoney(amount) {
  return dollars(amount, 2, 4);
}

// Days are days: without the zone they would move by one west of Greenwich.
function dayText(day) {
  return formatter(Intl.DateTimeFormat, "day", { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

function monthText(month) {
  return formatter(Intl.DateTimeFormat, "month", { month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${month}-01T00:00:00Z`));
}

function meetingName(meeting) {
  return [meeting.customer, meeting.type].filter(Boolean).join(", ") || meeting.source || meeting.id || word("meeting");
}
