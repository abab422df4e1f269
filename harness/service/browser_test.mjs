// The pages of `deltagauge serve` in a browser: node browser_test.mjs PROGRAM FOLDER, by ci/browser.
//
// A service of its own on a fresh database, reports made from the golden one, and chromium. Nothing
// here looks at how long something takes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const [program, folder] = process.argv.slice(2).map((path) => resolve(path));
const { chromium } = createRequire(join(folder, "from_here.js"))("playwright-core");
const screenshots = join(folder, "screenshots");
const golden = fileURLToPath(new URL("../report/fixtures/golden_report.json", import.meta.url));

const kToken = "token-of-the-browser-test";
const kWindow = { width: 1280, height: 800 };
const kPatience_ms = 120_000; // for machines with much else to do
const kSlowDays = 26; // days of main before it becomes slower
const kDays = 40;

let work = null;
let server = null;
let browser = null;
let home = "";

// --- The service and its reports.

const startServer = () =>
  new Promise((resolveUrl, reject) => {
    const token = join(work, "token");
    writeFileSync(token, kToken);
    server = spawn(program, ["serve", "--db", join(work, "store.sqlite"), "--port", "0",
      "--token-file", token], { stdio: ["ignore", "pipe", "inherit"] });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
    let said = "";
    server.stdout.on("data", (piece) => {
      said += piece;
      const found = /listening at (http:\S+?)\/\n/.exec(said);
      if (found) resolveUrl(found[1]);
    });
  });

const send = async (method, path, value) => {
  const answer = await fetch(home + path, {
    method, body: JSON.stringify(value), headers: { Authorization: `Bearer ${kToken}` },
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
};

// The same on every run: a wave in place of noise.
const speedOf = (day, level) => level * (1 + 0.004 * Math.sin(3 * day) + 0.003 * Math.cos(7 * day));

const makeReport = ({ branch, day, speed, machine = "bench-1", fingerprint = "8f14e45fceea167a" }) => {
  const report = JSON.parse(readFileSync(golden, "utf8"));
  report.report_id = `${branch}-${day}-${machine}`;
  report.created_at = new Date(Date.UTC(2026, 0, day, 9, 30)).toISOString().replace(".000", "");
  report.vcs.branch = branch;
  report.vcs.head_sha = `${(day * 2654435761 + branch.length * 97).toString(16).slice(-8)}${"c0ffee12".repeat(4)}`;
  report.tool.commit = report.vcs.head_sha;
  Object.assign(report.machine, { name: machine, fingerprint });
  for (const { metrics } of report.cases) {
    for (const metric of metrics) {
      if (!metric.name.endsWith("speedup")) continue;
      for (const key of ["value", "ci_lo", "ci_hi"]) metric[key] *= speed;
    }
  }
  return report;
};

const figureOf = (report, id, name) =>
  report.cases.find((one) => one.id === id).metrics.find((one) => one.name === name).value;

const main = Array.from({ length: kDays }, (_, i) => makeReport(
  { branch: "main", day: i + 1, speed: speedOf(i, i < kSlowDays ? 1 : 0.9) }));
const arm = makeReport({ branch: "main", day: 39, speed: 0.8, machine: "arm-1", fingerprint: "aa51c3d2e4f60718" });
const fast = [
  makeReport({ branch: "wider-panels", day: 36, speed: 1.05 }),
  makeReport({ branch: "wider-panels", day: 38, speed: 1.08 }),
];
const slow = [
  makeReport({ branch: "short-chunks", day: 35, speed: 1 }),
  makeReport({ branch: "short-chunks", day: 37, speed: 0.85 }),
];

const seed = async () => {
  for (const report of [...main, arm, ...fast, ...slow]) await send("POST", "/api/v1/reports", report);
  await send("POST", "/api/v1/annotations", {
    author: "ann", note: "compiler 12.2 to 12.4", at: "2026-01-12T00:00:00Z" });
  await send("PUT", "/api/v1/baselines/v0.1", {
    report_id: main[9].report_id, author: "ann", reason: "<img src=x onerror=alert(1)>" });
};

// --- Pages.

// What a page says on its console, its errors and dialogs go into `complaints`.
const open = async (path, options = {}) => {
  const page = await browser.newPage({ viewport: kWindow, ...options });
  page.complaints = [];
  page.setDefaultTimeout(kPatience_ms);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("requestfailed", (request) => {
    const isEnd = request.url().endsWith("/events"); // a stream ends with its page
    if (!isEnd) page.complaints.push(`${request.url()} failed`);
  });
  page.on("dialog", (dialog) => {
    page.complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  const answer = await page.goto(home + path, { waitUntil: "load" });
  assert.equal(answer.status(), 200, path);
  return page;
};

// Runs `look` on a page, which must have nothing to complain of then.
const withPage = async (path, look, options) => {
  const page = await open(path, options);
  try {
    await look(page);
    assert.deepEqual(page.complaints, [], path);
  } finally {
    await page.close();
  }
};

// Whether it is in the window as it was opened, and nothing lies over it.
const isSeen = (locator) =>
  locator.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return scrollY === 0 && top >= 0 && top + height <= innerHeight && element.contains(hit);
  });

const takePicture = (page, name) => page.screenshot({ path: join(screenshots, `${name}.png`) });

const trendPath = `/trend?${new URLSearchParams({
  case: "prefill:tokens=512", metric: "performance.prefill.speedup",
  machine: "8f14e45fceea167a", branch: "main" })}`;
const paths = ["/", `/reports/${main[39].report_id}`, trendPath, "/trend", "/compare",
  "/compare?base=main&head=short-chunks", "/peers", "/records", "/tasks"];

before(async () => {
  work = mkdtempSync(join(tmpdir(), "deltagauge-browser-"));
  mkdirSync(screenshots, { recursive: true });
  home = await startServer();
  await seed();
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium" });
});

after(async () => {
  await browser?.close();
  if (server) {
    server.removeAllListeners("exit");
    const ended = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await ended;
  }
  if (work) rmSync(work, { recursive: true, force: true });
});

for (const colorScheme of ["light", "dark"]) {
  test(`every page loads without complaint, ${colorScheme}`, async () => {
    for (const path of paths) {
      await withPage(path, async (page) => {
        assert.equal(await page.getByRole("main").count(), 1, path);
        assert.equal(await page.getByRole("navigation").count(), 1, path);
        assert.equal(await page.locator("h1").count(), 1, path);
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const brightness = Math.max(...ground.match(/\d+/g).map(Number));
        assert.equal(brightness > 128, colorScheme === "light", `${path}: ${ground}`);
      }, { colorScheme });
    }
  });
}

test("a page that is not there is a page", async () => {
  const page = await browser.newPage();
  const answer = await page.goto(`${home}/reports/none`);
  assert.equal(answer.status(), 404);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Not here");
  await page.close();
});

test("what asks for a script inside a page is refused one", async () => {
  // That the policy holds here, or the tests above would prove nothing.
  const page = await open("/");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'ran'";
    document.body.append(script);
  });
  assert.notEqual(await page.title(), "ran");
  assert.match(page.complaints.join(), /Content Security Policy/);
  await page.close();
});

test("a posted report appears, with its charts", async () => {
  await withPage("/", async (page) => {
    const report = main[39];
    await page.locator(`a[href="/reports/${report.report_id}"]`).first().click();
    await page.waitForURL(`**/reports/${report.report_id}`);
    assert.match(await page.locator("h1").innerText(), /passed/i);
    const figure = figureOf(report, "prefill:tokens=128", "performance.prefill.speedup");
    assert.ok((await page.locator(".tiles").innerText()).includes(Number(figure.toPrecision(4)).toString()));
    const [canvases, charts] = await page.evaluate(() => {
      const all = [...document.querySelectorAll("canvas")];
      return [all.length, all.filter((one) => Chart.getChart(one)).length];
    });
    assert.ok(canvases > 0);
    assert.equal(charts, canvases);
  });
});

test("a trend is drawn from the right points", async () => {
  const wanted = main.map((one) => figureOf(one, "prefill:tokens=512", "performance.prefill.speedup"));
  await withPage(trendPath, async (page) => {
    const [data, drawn] = await page.evaluate(() => {
      const { datasets } = Chart.getChart("trend").data;
      return [
        JSON.parse(document.getElementById("chart-data").textContent),
        Object.fromEntries(datasets.map((set) => [set.label, set.data.map(({ y }) => y)])),
      ];
    });
    assert.deepEqual(data.points.map((one) => one.value), wanted);
    assert.deepEqual(drawn.figure, wanted);
    assert.ok(drawn.interval.every((high, i) => high > wanted[i]));
    assert.ok(drawn["interval, low"].every((low, i) => low < wanted[i]));
    assert.equal(drawn["noise floor"].length, wanted.length);
    assert.ok(drawn["gate 1.3"].every((limit) => limit === 1.3));
    assert.deepEqual(data.changes.map((one) => [one.index, one.worse]), [[kSlowDays, true]]);
    assert.deepEqual(data.remarks.map((one) => one.index), [11]);
    assert.equal(await page.locator("#points + .table tbody tr").count(), wanted.length);
    // The line's own colour is there: not only the objects, but the picture.
    const isDrawn = await page.evaluate(() => {
      const canvas = document.getElementById("trend");
      const { data: bytes } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const [r, g, b] = [0x0b, 0x62, 0xc4];
      let found = 0;
      for (let i = 0; i < bytes.length; i += 4) {
        if (bytes[i] === r && bytes[i + 1] === g && bytes[i + 2] === b) ++found;
      }
      return found > 500;
    });
    assert.ok(isDrawn);
    await takePicture(page, "trend");
  }, { colorScheme: "light" });
});

test("a form chooses another trend", async () => {
  await withPage(trendPath, async (page) => {
    await page.locator("select[name=metric]").selectOption("performance.decode.speedup");
    await page.locator("select[name=case]").selectOption("prefill:tokens=512");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL("**metric=performance.decode.speedup**");
    assert.match(await page.locator(".warning").innerText(), /here is another/);
    assert.equal(await page.locator("select[name=case]").inputValue(), "decode:tokens=16");
  });
});

test("a regression is seen without scrolling", async () => {
  await withPage("/", async (page) => {
    const regressed = page.locator(".badge.failed", { hasText: "regressed" }).first();
    assert.ok(await isSeen(regressed));
    const row = page.locator("tr", { has: regressed }).first();
    assert.match(await row.innerText(), /short-chunks/);
    await takePicture(page, "overview");
    await row.getByRole("link", { name: /worse than before/ }).click();
    assert.ok(await isSeen(page.locator(".badge.failed", { hasText: "worse" }).first()));
    await takePicture(page, "compare");
  });
});

test("a comparison of two machines warns", async () => {
  await withPage(`/compare?base=${main[38].report_id}&head=${arm.report_id}`, async (page) => {
    const warning = page.getByRole("alert");
    assert.ok(await isSeen(warning));
    assert.match(await warning.innerText(), /two machines: bench-1 and arm-1.*not compared/s);
    assert.equal(await page.locator(".badge", { hasText: /^worse$/ }).count(), 0);
    await takePicture(page, "compare_machines");
    await warning.getByRole("link").click();
    assert.match(await page.getByRole("alert").innerText(), /because you asked for it/);
    assert.ok((await page.locator(".badge", { hasText: /^worse$/ }).count()) > 0);
  });
});

test("the keyboard reaches what matters", async () => {
  await withPage("/", async (page) => {
    const focused = () => page.evaluate(() => ({
      text: document.activeElement.textContent.trim(),
      outline: getComputedStyle(document.activeElement).outlineStyle,
      left: document.activeElement.getBoundingClientRect().left,
    }));
    const reached = [];
    for (let i = 0; i < 10; ++i) {
      await page.keyboard.press("Tab");
      const { text, outline, left } = await focused();
      assert.notEqual(outline, "none", text);
      assert.ok(left >= 0, `${text} is outside of the window`);
      reached.push(text);
    }
    assert.deepEqual(reached.slice(0, 8), ["Skip to the content", "DeltaGauge", "Overview", "Trends",
      "Compare", "Peers", "Records", "Tasks"]);
    // The table scrolls by itself, then comes its first link.
    assert.match(reached[9], /short-chunks/);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/reports/short-chunks-37-bench-1");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  });
});

test("a narrow window does not scroll sideways", async () => {
  for (const path of paths) {
    await withPage(path, async (page) => {
      const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
      assert.ok(width <= 360, `${path}: ${width}`);
    }, { viewport: { width: 360, height: 740 } });
  }
});

test("without scripts the figures are there", async () => {
  await withPage(trendPath, async (page) => {
    assert.equal(await page.locator("#points + .table tbody tr").count(), kDays);
  }, { javaScriptEnabled: false });
});

test("tasks show their progress as it comes", async (context) => {
  const page = await open("/tasks");
  if ((await page.locator("#tasks-status").count()) === 0) {
    await page.close();
    return context.skip("this service runs no tasks");
  }
  const events =
    'event: progress\ndata: {"done": 3, "total": 12, "state": "running"}\n\n' +
    'event: end\ndata: {"state": "completed", "config": "<b>quick</b>", "report_id": "r-1", "verdict": "passed"}\n\n';
  await page.route("**/api/v1/runs", (route) => route.fulfill({
    json: { runs: [{ task: "t-1", config: "<b>quick</b>", state: "running" }] } }));
  await page.route("**/api/v1/runs/t-1/events", (route) => route.fulfill({
    contentType: "text/event-stream", body: events }));
  await page.reload();
  await page.getByRole("link", { name: "report" }).waitFor();
  assert.match(await page.locator("tbody tr").innerText(), /completed\s+<b>quick<\/b>\s+3 of 12/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});
