// Lines and bars over time, by uPlot. Colors come from the style sheet, so that a change of scheme redraws them.

function color(name) {
  const probe = element("span", { class: `probe ${name}` });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const drawn = new Map();

function forget(container) {
  drawn.get(container)?.destroy();
  drawn.delete(container);
}

// Draw values by month, (month, value) in order, with a table of the same for those who cannot see it.
function chartByMonth(title, points, { format, onAxis = format, isBars = false, range = null }) {
  const container = element("div", { class: "chart", role: "img", "aria-label": title });
  const times = points.map(([month]) => Date.parse(`${month}-01T00:00:00Z`) / 1000);
  const values = points.map(([, value]) => value);
  const draw = () => {
    forget(container);
    const width = container.clientWidth;
    if (width) drawn.set(container, new uPlot(chartOptions(width, { format, onAxis, isBars, range, times }), [times, values], container));
  };
  new ResizeObserver(draw).observe(container);
  container.redraw = draw;
  const table = plainTable(title, [word("month"), word("value")], points.map(([month, value]) => [monthText(month), format(value)]));
  return [container, element("details", {}, element("summary", {}, word("as_table")), table)];
}

function chartOptions(width, { format, onAxis, isBars, range, times }) {
  const axis = { stroke: color("ink-quiet"), grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const asMonth = (seconds) => monthText(new Date(seconds * 1000).toISOString().slice(0, 7));
  return {
    width,
    height: 220,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { drag: { x: false, y: false }, y: false },
    legend: { live: true },
    // Empty, it looks like something that failed to load.
    hooks: { setLegend: [(chart) => chart.root.querySelector(".u-legend").classList.toggle("is-empty", chart.cursor.idx == null)] },
    scales: { x: { range: [times[0] - 1.3e6, times.at(-1) + 1.3e6] }, y: { range: range ?? ((_, low, high) => [0, (high || 1) * 1.1]) } },
    axes: [
      { ...axis, grid: { show: false }, gap: 12, space: 70, splits: (_, __, low, high) => months(low, high, Math.max(2, Math.floor(width / 115))), values: (_, splits) => splits.map(asMonth) },
      { ...axis, size: 64, values: (_, splits) => splits.map(onAxis) },
    ],
    series: [
      { label: word("month"), value: (_, seconds) => (seconds ? asMonth(seconds) : "–") },
      {
        label: word("value"),
        stroke: color("accent"),
        fill: isBars ? color("accent") : null,
        width: isBars ? 0 : 2,
        paths: isBars ? uPlot.paths.bars({ size: [0.6, 40] }) : null,
        points: { show: !isBars && times.length < 40, size: 6, fill: color("accent") },
        value: (_, value) => (value == null ? "–" : format(value)),
      },
    ],
  };
}

// First days of at most `most` months between two times, evenly apart.
function months(low, high, most) {
  const found = [];
  const date = new Date(low * 1000);
  date.setUTCDate(1);
  date.setUTCHours(0, 0, 0, 0);
  for (; date.getTime() / 1000 <= high; date.setUTCMonth(date.getUTCMonth() + 1)) if (date.getTime() / 1000 >= low) found.push(date.getTime() / 1000);
  const step = Math.ceil(found.length / most);
  return found.filter((_, place) => place % step === 0);
}

function redrawCharts() {
  for (const container of document.querySelectorAll(".chart")) container.redraw();
}
