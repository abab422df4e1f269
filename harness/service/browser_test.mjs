// The pages of `deltagauge serve` in a browser: node browser_test.mjs PROGRAM FOLDER, by ci/browser.
//
// A service of its own on a fresh database, reports made from the golden one, and chromium. Nothing
// here looks at how long something takes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import "./browser_hostile_test.mjs";
import {
  TestService, figureOf, goldenReport, isSeen, openPage, startBrowser, stopBrowser, takePicture, withPage,
} from "./browser_stage.mjs";
import "./browser_tasks_test.mjs";

const kSlowDays = 26; // days of main before it becomes slower
const kDays = 40;

let service = null;

// --- Its reports.

// The same on every run: a wave in place of noise.
const speedOf = (day, level) => level * (1 + 0.004 * Math.sin(3 * day) + 0.003 * Math.cos(7 * day));

const makeReport = ({
  branch, day, speed, machine = "bench-1", fingerprint = "8f14e45fceea167a",
}) => {
  const report = goldenReport();
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
  for (const report of [...main, arm, ...fast, ...slow]) await service.send("POST", "/api/v1/reports", report);
  await service.send("POST", "/api/v1/annotations", {
    author: "ann", note: "compiler 12.2 to 12.4", at: "2026-01-12T00:00:00Z" });
  await service.send("PUT", "/api/v1/baselines/v0.1", {
    report_id: main[9].report_id, author: "ann", reason: "<img src=x onerror=alert(1)>" });
};

const trendPath = `/trend?${new URLSearchParams({
  case: "prefill:tokens=512", metric: "performance.prefill.speedup",
  machine: "8f14e45fceea167a", branch: "main" })}`;
const paths = ["/", `/reports/${main[39].report_id}`, trendPath, "/trend", "/compare",
  "/compare?base=main&head=short-chunks", "/peers", "/records", "/tasks"];

const visit = (path, look, options) => withPage(service.home + path, look, options);

before(async () => {
  await startBrowser();
  service = await TestService.start();
  await seed();
});

after(async () => {
  await stopBrowser();
  await service?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`every page loads without complaint, ${colorScheme}`, async () => {
    for (const path of paths) {
      await visit(path, async (page) => {
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
  const page = await openPage(`${service.home}/`);
  const answer = await page.goto(`${service.home}/reports/none`);
  assert.equal(answer.status(), 404);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Not here");
  await page.close();
});

test("what asks for a script inside a page is refused one", async () => {
  // That the policy holds here, or the tests above would prove nothing.
  const page = await openPage(`${service.home}/`);
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
  await visit("/", async (page) => {
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

const wanted = main.map((one) => figureOf(one, "prefill:tokens=512", "performance.prefill.speedup"));

// That the chart has these figures, with all that belongs to them.
const checkTrend = async (page) => {
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
};

// The line's own colour is there: not only the objects, but the picture.
const isDrawn = (page) =>
  page.evaluate(() => {
    const canvas = document.getElementById("trend");
    const { data: bytes } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const [r, g, b] = [0x0b, 0x62, 0xc4];
    let found = 0;
    for (let i = 0; i < bytes.length; i += 4) {
      if (bytes[i] === r && bytes[i + 1] === g && bytes[i + 2] === b) ++found;
    }
    return found > 500;
  });

test("a trend is drawn from the right points", async () => {
  await visit(trendPath, async (page) => {
    await checkTrend(page);
    assert.ok(await isDrawn(page));
    await takePicture(page, "trend");
  }, { colorScheme: "light" });
});

test("a trend of wrong points would be found", async () => {
  await visit(trendPath, async (page) => {
    // One figure altered on its way: both in the data, then only in what is drawn.
    await page.route("**/trend?*", async (route) => {
      const answer = await route.fetch();
      const html = (await answer.text()).replace(/"value":[0-9.]+/, '"value":1.0');
      await route.fulfill({ response: answer, body: html });
    });
    await page.reload();
    await assert.rejects(checkTrend(page), assert.AssertionError);
    await page.unroute("**/trend?*");
    await page.reload();
    await checkTrend(page);
    await page.evaluate(() => {
      const chart = Chart.getChart("trend");
      chart.data.datasets.find((set) => set.label === "figure").data[3].y += 0.001;
      chart.update();
    });
    await assert.rejects(checkTrend(page), assert.AssertionError);
    await page.evaluate(() => {
      const canvas = document.getElementById("trend");
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    });
    assert.equal(await isDrawn(page), false);
  }, { colorScheme: "light" });
});

test("a form chooses another trend", async () => {
  await visit(trendPath, async (page) => {
    await page.locator("select[name=metric]").selectOption("performance.decode.speedup");
    await page.locator("select[name=case]").selectOption("prefill:tokens=512");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL("**metric=performance.decode.speedup**");
    assert.match(await page.locator(".warning").innerText(), /here is another/);
    assert.equal(await page.locator("select[name=case]").inputValue(), "decode:tokens=16");
  });
});

test("a regression is seen without scrolling", async () => {
  await visit("/", async (page) => {
    const regressed = page.locator(".badge.failed", { hasText: "regressed" }).first();
    assert.ok(await isSeen(regressed));
    const row = page.locator("tr", { has: regressed }).first();
    assert.match(await row.innerText(), /short-chunks/);
    await takePicture(page, "overview");
    // Below the window, or under something, it would not count.
    const move = (px) => page.evaluate((margin) => {
      document.getElementById("attention").style.marginTop = margin;
    }, px);
    await move("2000px");
    assert.equal(await isSeen(regressed), false);
    await move("");
    await row.getByRole("link", { name: /worse than before/ }).click();
    assert.ok(await isSeen(page.locator(".badge.failed", { hasText: "worse" }).first()));
    await takePicture(page, "compare");
  });
});

test("a comparison of two machines warns", async () => {
  await visit(`/compare?base=${main[38].report_id}&head=${arm.report_id}`, async (page) => {
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
  await visit("/", async (page) => {
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
    await visit(path, async (page) => {
      const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
      assert.ok(width <= 360, `${path}: ${width}`);
    }, { viewport: { width: 360, height: 740 } });
  }
});

test("without scripts the figures are there", async () => {
  await visit(trendPath, async (page) => {
    assert.equal(await page.locator("#points + .table tbody tr").count(), kDays);
  }, { javaScriptEnabled: false });
});
