"use strict";
// Draws the charts of a report from the JSON beside this script, in the colours of the page. Without
// a chart library or without a canvas the tables stay.
(() => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const charts = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const theme = () => ({
    text: colour("--text"),
    soft: colour("--soft"),
    line: colour("--line"),
    bad: colour("--bad"),
    good: colour("--good"),
    unsure: colour("--unsure"),
    accent: colour("--accent"),
    reference: colour("--reference"),
    series: colour("--series").split(",").map((one) => one.trim()),
  });

  const toneOf = (verdict, colours) =>
    verdict === "passed" ? colours.accent
      : verdict === "failed" || verdict === "invalid" || verdict === "error" ? colours.bad
        : colours.unsure;

  // Four digits at most, small and large ones with an exponent.
  const short = (value) => {
    const size = Math.abs(value);
    if (size === 0) return "0";
    const text = size < 1e-3 || size >= 1e6 ? value.toExponential(3) : value.toPrecision(4);
    return text.includes(".") ? text.replace(/\.?0+(e|$)/, "$1") : text;
  };

  const axis = (title, logarithmic, colours) => ({
    type: logarithmic ? "logarithmic" : "linear",
    title: { display: true, text: title, color: colours.soft },
    grid: { color: colours.line },
    ticks: {
      color: colours.soft,
      maxRotation: 0,
      autoSkipPadding: 12,
      callback: logarithmic
        ? (value) => (/^[125]/.test(value.toExponential()) ? short(value) : "")
        : undefined,
    },
  });

  // A logarithmic axis has no place for zero: such points are left out, the table has them.
  const points = (series, chart) =>
    series.points
      .filter(([x, y]) => x !== null && (!chart.logX || x > 0))
      .map(([x, y]) => ({ x, y: y === null || (chart.logY && y <= 0) ? null : y }));

  const lineSets = (chart, colours) => {
    let next = 0;
    let last = colours.accent;
    const sets = chart.series.map((series) => {
      if (series.style === "main") last = colours.series[next++ % colours.series.length];
      const tone = series.style === "reference" ? colours.reference : last;
      return {
        label: series.name,
        data: points(series, chart),
        borderColor: tone,
        backgroundColor: tone,
        borderWidth: series.style === "main" ? 2 : 1.5,
        borderDash: series.style === "main" ? [] : series.style === "reference" ? [6, 4] : [2, 3],
        pointRadius: series.points.length > 20 ? 0 : 3,
        pointHitRadius: 8,
        tension: 0,
      };
    });
    if (chart.limit !== null) {
      const places = chart.series.flatMap((series) => series.points.map(([x]) => x));
      sets.push({
        label: `limit ${short(chart.limit)}`,
        data: [Math.min(...places), Math.max(...places)].map((x) => ({ x, y: chart.limit })),
        borderColor: colours.bad,
        backgroundColor: colours.bad,
        borderWidth: 1.5,
        borderDash: [8, 3],
        pointRadius: 0,
      });
    }
    return sets;
  };

  const lineConfig = (chart, colours) => ({
    type: "line",
    data: { datasets: lineSets(chart, colours) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: axis(chart.xLabel, chart.logX, colours),
        y: axis(chart.yLabel, chart.logY, colours),
      },
      plugins: {
        legend: { position: "bottom", align: "start", labels: { color: colours.text, boxWidth: 18, boxHeight: 2 } },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${short(item.raw.y)}` } },
      },
    },
  });

  // Intervals, noise bands and targets of a bar chart, drawn over the bars.
  const marks = (chart, colours) => ({
    id: "marks",
    afterDatasetsDraw({ ctx, scales: { x }, chartArea }, _, options) {
      const meta = charts.find((one) => one.canvas.id === chart.id)?.getDatasetMeta(0);
      if (!meta) return;
      ctx.save();
      if (chart.baseline !== null) {
        const at = x.getPixelForValue(chart.baseline);
        ctx.strokeStyle = colours.soft;
        ctx.beginPath();
        ctx.moveTo(at, chartArea.top);
        ctx.lineTo(at, chartArea.bottom);
        ctx.stroke();
      }
      chart.rows.forEach((row, i) => {
        const bar = meta.data[i];
        const half = Math.max(6, bar.height / 2 + 3);
        if (row.floor !== null && chart.baseline !== null) {
          const from = x.getPixelForValue(chart.baseline / row.floor);
          const to = x.getPixelForValue(chart.baseline * row.floor);
          ctx.globalAlpha = 0.35;
          ctx.fillStyle = colours.soft;
          ctx.fillRect(from, bar.y - half, Math.max(2, to - from), 2 * half);
          ctx.globalAlpha = 1;
        }
        if (row.lo !== null && row.hi !== null) {
          const from = x.getPixelForValue(row.lo);
          const to = x.getPixelForValue(row.hi);
          ctx.strokeStyle = colours.text;
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.moveTo(from, bar.y);
          ctx.lineTo(to, bar.y);
          for (const end of [from, to]) {
            ctx.moveTo(end, bar.y - 5);
            ctx.lineTo(end, bar.y + 5);
          }
          ctx.stroke();
        }
        if (row.target !== null) {
          const at = x.getPixelForValue(row.target);
          ctx.strokeStyle = colours.bad;
          ctx.lineWidth = 2;
          ctx.setLineDash([4, 3]);
          ctx.beginPath();
          ctx.moveTo(at, bar.y - half);
          ctx.lineTo(at, bar.y + half);
          ctx.stroke();
          ctx.setLineDash([]);
        }
      });
      ctx.restore();
    },
  });

  const barText = (row) => {
    const parts = [short(row.value)];
    if (row.lo !== null && row.hi !== null) parts.push(`${short(row.lo)} to ${short(row.hi)}`);
    if (row.floor !== null) parts.push(`noise ${short(row.floor)}`);
    if (row.target !== null) parts.push(`target ${short(row.target)}`);
    return parts.join(", ");
  };

  const barConfig = (chart, colours) => {
    const largest = Math.max(
      ...chart.rows.map((row) => Math.max(row.value ?? 0, row.hi ?? 0, row.target ?? 0)));
    return {
      type: "bar",
      data: {
        labels: chart.rows.map((row) => row.label.split(", ")),
        datasets: [{
          data: chart.rows.map((row) => row.value),
          backgroundColor: chart.rows.map((row) => toneOf(row.verdict, colours) + "99"),
          maxBarThickness: 22,
        }],
      },
      plugins: [marks(chart, colours)],
      options: {
        animation: false,
        indexAxis: "y",
        maintainAspectRatio: false,
        scales: {
          x: { ...axis(chart.xLabel, false, colours), beginAtZero: true,
               suggestedMax: largest * 1.05 },
          y: { grid: { display: false }, ticks: { color: colours.text, autoSkip: false } },
        },
        plugins: {
          legend: { display: false },
          tooltip: { callbacks: { label: (item) => barText(chart.rows[item.dataIndex]) } },
        },
      },
    };
  };

  const draw = () => {
    while (charts.length) charts.pop().destroy();
    const colours = theme();
    for (const chart of data) {
      const canvas = document.getElementById(chart.id);
      if (chart.kind === "bar") {
        canvas.parentElement.style.height = `${90 + 58 * chart.rows.length}px`;
      }
      const config = chart.kind === "bar" ? barConfig(chart, colours) : lineConfig(chart, colours);
      charts.push(new Chart(canvas, config));
      charts[charts.length - 1].update();
    }
  };

  const addCopyButtons = () => {
    if (!navigator.clipboard) return;
    for (const code of document.querySelectorAll(".repro")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      const line = code.textContent;
      button.addEventListener("click", () => {
        navigator.clipboard.writeText(line).then(() => { button.textContent = "copied"; });
      });
      code.append(button);
    }
  };

  addCopyButtons();
  if (typeof Chart === "undefined") {
    document.documentElement.classList.add("no-charts");
    return;
  }
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
