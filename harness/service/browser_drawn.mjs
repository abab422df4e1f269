// How long pages of a running service take until they are drawn, in chromium: from the navigation to
// the first frame after the load event in which every chart is there. A benchmark, not a test.
//
//   node browser_drawn.mjs FOLDER ADDRESS [ROUNDS], by `ci/browser --drawn ADDRESS [ROUNDS]`
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join, resolve } from "node:path";

const [folder, address, rounds = "30"] = process.argv.slice(2);
const { chromium } = createRequire(join(resolve(folder), "from_here.js"))("playwright-core");
const home = address.replace(/\/$/, "");

const ask = async (path) => {
  const answer = await fetch(home + path);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
};

// Of what the service has: its newest reports, and a figure of theirs that has a history.
const choosePages = async () => {
  const { reports } = await ask("/api/v1/reports?branch=main&limit=200");
  assert.ok(reports.length > 1, "it has no two reports of main");
  const [head] = reports;
  const machine = head.machine.fingerprint;
  const base = reports.findLast((one) => one.machine.fingerprint === machine);
  const metric = "performance.prefill.speedup";
  const { series } = await ask(`/api/v1/series?metric=${metric}&machine=${machine}&points=0`);
  const asked = { metric, machine, branch: "main", case: series[0].case };
  const trend = (more) => `/trend?${new URLSearchParams({ ...asked, ...more })}`;
  return {
    "overview": "/",
    "trend": trend({}),
    "trend, 500 points": trend({ points: "500" }),
    "comparison": `/compare?${new URLSearchParams({ base: base.report_id, head: head.report_id })}`,
    "report": `/reports/${head.report_id}`,
    "peers": `/peers?report=${head.report_id}`,
  };
};

const drawnAfter = async (context, path) => {
  const page = await context.newPage();
  const answer = await page.goto(home + path, { waitUntil: "load" });
  assert.equal(answer.status(), 200, path);
  const [ms, missing] = await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame(); // what was drawn in the one before is on the screen
    const canvases = [...document.querySelectorAll("canvas")];
    return [performance.now(), canvases.filter((one) => !Chart.getChart(one)).length];
  });
  assert.equal(missing, 0, `${path}: charts are missing`);
  await page.close();
  return ms;
};

const pages = await choosePages();
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium" });
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  console.log(`${cpus()[0].model}, ${cpus().length} threads; chromium ${browser.version()}; `
    + `ms until drawn, ${rounds} times each`);
  console.log(`${"page".padEnd(20)}    first      p50      max`);
  for (const [name, path] of Object.entries(pages)) {
    const all = [];
    for (let i = 0; i < Number(rounds); ++i) all.push(await drawnAfter(context, path));
    const sorted = all.slice().sort((a, b) => a - b);
    const figures = [all[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    console.log(name.padEnd(20) + figures.map((ms) => ms.toFixed(0).padStart(9)).join(""));
  }
} finally {
  await browser.close();
}
