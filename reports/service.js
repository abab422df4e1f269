"use strict";
// The scripts of the service's pages: the chart of /trend, the live list of /tasks. Each looks for
// its own part of the page and does nothing where that isn't.

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// --- /trend

(() => {
  const canvas = document.getElementById("trend");
  if (!canvas) return;
  if (typeof Chart === "undefined") {
    document.documentElement.classList.add("no-charts");
    return;
  }
  const trend = JSON.parse(document.getElementById("chart-data").textContent);
  const { points } = trend;
  let chart = null;

  const short = (value) => Number(value.toPrecision(4)).toString();
  const place = (key) => points.map((point, x) => ({ x, y: point[key] }));
  const isBad = (verdict) => !["passed", "waived", "skipped"].includes(verdict);

  // Two lines without points; the second is filled down to the first.
  const band = (name, low, high, tone) =>
    [low, high].map((key, i) => ({
      label: i === 1 ? name : `${name}, low`,
      data: place(key),
      borderWidth: 0,
      pointRadius: 0,
      pointHitRadius: 0,
      backgroundColor: tone,
      fill: i === 1 ? "-1" : false,
      stepped: name === "noise floor" ? "middle" : false,
      isBand: true,
    }));

  const sets = (colours) => {
    const all = [
      {
        label: "figure",
        data: place("value"),
        borderColor: colours.main,
        borderWidth: 2,
        pointRadius: points.length > 120 ? 1.5 : 3,
        pointHitRadius: 8,
        pointBackgroundColor: points.map((one) => (isBad(one.verdict) ? colours.bad : colours.main)),
        pointBorderColor: points.map((one) => (isBad(one.verdict) ? colours.bad : colours.main)),
        pointStyle: points.map((one) => (isBad(one.verdict) ? "rectRot" : "circle")),
      },
      {
        label: "level",
        data: place("level"),
        borderColor: colours.reference,
        borderWidth: 1,
        pointRadius: 0,
        pointHitRadius: 0,
        stepped: "middle",
      },
      ...band("interval", "lo", "hi", colours.main + "33"),
      ...band("noise floor", "noiseLo", "noiseHi", colours.reference + "33"),
    ];
    if (trend.limit !== null) {
      all.push({
        label: `gate ${short(trend.limit)}`,
        data: points.map((_, x) => ({ x, y: trend.limit })),
        borderColor: colours.bad,
        borderWidth: 1.5,
        borderDash: [8, 4],
        pointRadius: 0,
        pointHitRadius: 0,
      });
    }
    return all.filter((set) => set.data.some(({ y }) => y !== null));
  };

  // Upright lines with a word each, where the level changes and where people left a remark.
  const marks = (colours) => ({
    id: "marks",
    afterDatasetsDraw({ ctx, scales: { x }, chartArea: { top, bottom, right } }) {
      const upright = (index, tone, dash, text, row) => {
        const at = x.getPixelForValue(index);
        ctx.save();
        ctx.strokeStyle = tone;
        ctx.fillStyle = tone;
        ctx.lineWidth = 1.5;
        ctx.setLineDash(dash);
        ctx.beginPath();
        ctx.moveTo(at, top);
        ctx.lineTo(at, bottom);
        ctx.stroke();
        ctx.font = "12px sans-serif";
        const isRight = at + ctx.measureText(text).width + 8 > right;
        ctx.textAlign = isRight ? "right" : "left";
        ctx.fillText(text, at + (isRight ? -5 : 5), top + 12 + 15 * row);
        ctx.restore();
      };
      trend.changes.forEach(({ index, text, worse }) => {
        const tone = worse === true ? colours.bad : worse === false ? colours.good : colours.soft;
        upright(index - 0.5, tone, [], text, 0);
      });
      trend.remarks.forEach(({ index, text }, i) =>
        upright(index, colours.unsure, [2, 3], text.slice(0, 40), 1 + (i % 3)));
    },
  });

  const tip = (item) => {
    const point = points[item.dataIndex];
    const interval =
      point.lo !== null && point.hi !== null ? ` (${short(point.lo)} to ${short(point.hi)})` : "";
    return item.dataset.label === "figure"
      ? `${short(point.value)}${interval}, ${point.verdict}`
      : `${item.dataset.label}: ${short(item.raw.y)}`;
  };

  const draw = () => {
    if (chart) chart.destroy();
    const colours = {
      main: colourOf("--accent"),
      reference: colourOf("--reference"),
      text: colourOf("--text"),
      soft: colourOf("--soft"),
      line: colourOf("--line"),
      bad: colourOf("--bad"),
      good: colourOf("--good"),
      unsure: colourOf("--unsure"),
    };
    const tick = (x) => (points[x] ? [points[x].commit, points[x].at.slice(0, 10)] : "");
    chart = new Chart(canvas, {
      type: "line",
      data: { datasets: sets(colours) },
      plugins: [marks(colours)],
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "nearest", axis: "x", intersect: false },
        onClick: (_, [hit]) => {
          if (hit) location.href = `/reports/${encodeURIComponent(points[hit.index].report)}`;
        },
        scales: {
          x: {
            type: "linear",
            min: -0.5,
            max: points.length - 0.5,
            grid: { display: false },
            ticks: {
              color: colours.soft, maxRotation: 0, autoSkipPadding: 16, precision: 0, callback: tick,
            },
          },
          y: {
            title: { display: trend.unit !== "1", text: trend.unit, color: colours.soft },
            grid: { color: colours.line },
            ticks: { color: colours.soft },
          },
        },
        plugins: {
          legend: {
            position: "bottom",
            align: "start",
            labels: {
              color: colours.text, boxWidth: 18, boxHeight: 4,
              filter: ({ text }) => !text.endsWith(", low"),
            },
          },
          tooltip: {
            filter: (item) => !item.dataset.isBand,
            callbacks: {
              title: ([item]) =>
                item ? `${points[item.dataIndex].commit} ${points[item.dataIndex].at}` : "",
              label: tip,
            },
          },
        },
      },
    });
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();

// --- /tasks

(() => {
  const status = document.getElementById("tasks-status");
  if (!status) return;
  const rows = document.querySelector("#main tbody");

  const cell = (row) => row.appendChild(document.createElement("td"));

  // Texts go in as text, never as HTML.
  const show = (row, task) => {
    row.replaceChildren();
    const badge = cell(row).appendChild(document.createElement("span"));
    badge.className = `badge ${task.state === "error" ? "error" : ""}`;
    badge.textContent = task.state;
    cell(row).textContent = task.config;
    const progress = cell(row);
    const { done, total, seconds_left: left } = task.progress || task;
    if (total > 0) {
      const bar = progress.appendChild(document.createElement("progress"));
      bar.max = total;
      bar.value = done;
      bar.setAttribute("aria-label", `Progress of ${task.config}`);
      progress.append(` ${done} of ${total}${left > 0 ? `, ${Math.ceil(left)} s left` : ""}`);
    }
    cell(row).textContent = task.message || task.verdict || "";
    const report = cell(row);
    if (task.report_id) {
      const link = report.appendChild(document.createElement("a"));
      link.href = `/reports/${encodeURIComponent(task.report_id)}`;
      link.textContent = "report";
    }
  };

  const follow = (row, task) => {
    const events = new EventSource(`/api/v1/runs/${encodeURIComponent(task.task)}/events`);
    const update = (event, isEnd) => {
      Object.assign(task, { progress: null }, JSON.parse(event.data));
      show(row, task);
      if (isEnd) {
        events.close();
        status.textContent = `${task.config}: ${task.state}.`;
      }
    };
    events.addEventListener("progress", (event) => update(event, false));
    events.addEventListener("end", (event) => update(event, true));
  };

  const load = async () => {
    const answer = await fetch("/api/v1/runs");
    if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
    const { runs = [] } = await answer.json();
    status.textContent = runs.length === 0 ? "There are no tasks." : `${runs.length} tasks.`;
    // A browser has few connections for one host: only what runs now or soon keeps one.
    let followed = 0;
    for (const task of runs.slice().reverse()) {
      const row = document.createElement("tr");
      rows.prepend(row);
      show(row, task);
      if (["queued", "running"].includes(task.state) && followed++ < 3) follow(row, task);
    }
  };

  load().catch((error) => {
    status.textContent = `The tasks can't be read: ${error.message}`;
  });
})();
