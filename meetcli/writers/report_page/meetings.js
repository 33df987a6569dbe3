// What the page knows: the payload unpacked, laid out in lists, and filtered. Changes no element.

async function inflate(id) {
  const bytes = fromBase85(document.getElementById(id).textContent);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}

// Python's base 85, with digits for `&`, `<` and `>` that mean nothing in HTML.
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%:()*+-;,=.?@^_`{|}~";

function fromBase85(text) {
  const values = new Uint8Array(128);
  for (let value = 0; value < DIGITS.length; value++) values[DIGITS.charCodeAt(value)] = value;
  const missing = (5 - (text.length % 5)) % 5;
  const padded = text + "~".repeat(missing);
  const view = new DataView(new ArrayBuffer((padded.length / 5) * 4));
  for (let place = 0, at = 0; place < padded.length; place += 5, at += 4) {
    let group = 0;
    for (let digit = 0; digit < 5; digit++) group = group * 85 + values[padded.charCodeAt(place + digit)];
    view.setUint32(at, group);
  }
  return new Uint8Array(view.buffer, 0, view.byteLength - missing);
}

async function unpack() {
  const payload = JSON.parse(await (await inflate("payload")).text());
  const texts = decodeTexts(payload.words, new Uint8Array(await (await inflate("texts")).arrayBuffer()));
  putBack(payload.meetings, texts);
  return payload;
}

// Texts are numbers of words, in bytes of seven bits, the highest first; 0 ends a text.
function* decodeTexts(words, bytes) {
  let text = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 127);
    if (byte & 128) continue;
    if (number) text.push(words[number - 1]);
    else {
      yield text.join(" ");
      text = [];
    }
    number = 0;
  }
}

// Where a text was taken out stands a 0; walking in the same order finds each its place.
function putBack(value, texts) {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "object") putBack(inner, texts);
    else if (inner === 0 && TEXT_FIELDS.has(name)) value[name] = texts.next().value;
  }
}

const TEXT_FIELDS = new Set(["text", "quote", "rationale", "summary"]);

// Without accents and capitals, so that "acao" finds "Ação".
function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// One list for each kind of claim; every claim knows its meeting and the text that a search looks through.
function layOut(payload) {
  const lists = { meetings: payload.meetings, actions: [], decisions: [], risks: [] };
  for (const meeting of lists.meetings) {
    const head = folded([meeting.customer, meeting.customer_id, meeting.banker, meeting.id, meeting.type, meeting.source, ...(meeting.topics ?? [])].filter(Boolean).join("\n"));
    const everything = [head, folded([meeting.summary ?? "", ...[meeting.points ?? [], ...(meeting.custom ?? []).map((section) => section.claims)].flat().map((claim) => claim.text)].join("\n"))];
    for (const kind of ["actions", "decisions", "risks"]) {
      for (const claim of meeting[kind] ?? []) {
        claim.meeting = meeting;
        claim.kind = kind;
        const own = folded([claim.text, claim.owner, claim.said, claim.rationale, claim.quote, claim.speaker].filter(Boolean).join("\n"));
        claim.haystack = `${own}\n${head}`;
        everything.push(own);
        lists[kind].push(claim);
      }
    }
    meeting.haystack = everything.join("\n");
  }
  return lists;
}

// Return the lists with only what the filter lets through.
function filtered(lists, filter) {
  const words = folded(filter.search).split(/\s+/).filter(Boolean);
  const isWanted = (meeting) =>
    (!filter.customer || meeting.customer === filter.customer) &&
    (!filter.banker || meeting.banker === filter.banker) &&
    (!filter.from || (meeting.date ?? "") >= filter.from) &&
    (!filter.to || (meeting.date ?? "9999") <= filter.to);
  const isNamed = (item) => words.every((word) => item.haystack.includes(word));
  for (const meeting of lists.meetings) meeting.isWanted = isWanted(meeting);
  const claims = (kind) => lists[kind].filter((claim) => claim.meeting.isWanted && isNamed(claim));
  return {
    meetings: lists.meetings.filter((meeting) => meeting.isWanted && isNamed(meeting)),
    actions: claims("actions"),
    decisions: claims("decisions"),
    risks: claims("risks"),
  };
}

// Today where the reader is, and a week later, as ISO dates.
const DAY_MS = 86400000;
const localNow = Date.now() - new Date().getTimezoneOffset() * 60000;
const TODAY = new Date(localNow).toISOString().slice(0, 10);
const NEXT_WEEK = new Date(localNow + 7 * DAY_MS).toISOString().slice(0, 10);

function dueKind(action) {
  if (!action.due) return "none";
  if (action.due < TODAY) return "overdue";
  return action.due <= NEXT_WEEK ? "week" : "later";
}

function average(numbers) {
  return numbers.length ? numbers.reduce((sum, number) => sum + number, 0) / numbers.length : null;
}

// Return a Map from each key to its items, in the order in which keys first appear; items without a key are left out.
function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!key) continue;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

function toneOf(score) {
  if (score >= 0.6) return "positive";
  return score >= 0.4 ? "neutral" : "negative";
}
