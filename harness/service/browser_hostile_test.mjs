// What is hostile stays text: a script in every string of a report that the service takes it in.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { TestService, goldenReport, openPage, withPage } from "./browser_stage.mjs";

const kHostile =
  `javascript:document.title='ran'//"'><script>document.title='ran'</script>` +
  `<img src=x onerror="document.title='ran'">{{main}}`;
const kMostLinks = 60;

// [path, place] of each text in the report; places of one list are one place.
function* textsOf(value, path = [], place = "") {
  for (const key of Object.keys(value)) {
    const where = Array.isArray(value) ? place : `${place}/${key}`;
    if (typeof value[key] === "string") yield [[...path, key], where];
    else if (value[key] !== null && typeof value[key] === "object") {
      yield* textsOf(value[key], [...path, key], where);
    }
  }
}

// Numbered, since some texts of a list must differ.
const makeHostile = (report, paths) => {
  paths.forEach((path, i) => {
    const owner = path.slice(0, -1).reduce((value, key) => value[key], report);
    owner[path.at(-1)] = `${kHostile}${i}`;
  });
};

// Ids, forms and words of a vocabulary are refused by themselves; all else goes into one report.
const hostileReports = async (service) => {
  const places = new Map();
  for (const [path, place] of textsOf(goldenReport())) {
    places.set(place, [...(places.get(place) ?? []), path]);
  }
  places.delete("/report_id"); // asked for below
  const isTaken = async (place) => {
    const report = goldenReport();
    report.report_id = `probe${place.replaceAll("/", "-")}`;
    makeHostile(report, places.get(place));
    const answer = await service.ask("POST", "/api/v1/reports", report);
    await answer.text();
    assert.ok([201, 422].includes(answer.status), `${place}: ${answer.status}`);
    return answer.status === 201;
  };
  const taken = [];
  for (const place of places.keys()) {
    if (await isTaken(place)) taken.push(place);
  }
  const ids = ["hostile-1", "hostile-2"];
  for (const id of ids) {
    const report = goldenReport();
    for (const place of taken) makeHostile(report, places.get(place));
    report.report_id = id;
    await service.send("POST", "/api/v1/reports", report);
  }
  return { ids, taken };
};

// Nothing of it has become an element, an attribute or a running script.
const checkHarmless = async (page) => {
  const found = await page.evaluate(() => ({
    title: document.title,
    images: document.querySelectorAll('img[src="x"]').length,
    scripts: [...document.scripts].filter((one) => one.textContent.startsWith("document.title")).length,
    handlers: document.querySelectorAll("[onerror]").length,
    links: [...document.querySelectorAll("a[href]")].filter((one) => one.protocol === "javascript:").length,
  }));
  assert.notEqual(found.title, "ran");
  assert.deepEqual({ ...found, title: "" }, { title: "", images: 0, scripts: 0, handlers: 0, links: 0 });
};

describe("hostile texts", () => {
  let service = null;
  after(() => service?.stop());

  test("in every string of a report no script runs, on no page", async () => {
    service = await TestService.start();
    const { ids, taken } = await hostileReports(service);
    assert.ok(taken.length > 40, `only ${taken.length} places: ${taken}`);
    for (const place of ["/vcs/branch", "/machine/name", "/cases/id", "/gates/reason", "/config/name"]) {
      assert.ok(taken.includes(place), `${place} is not among ${taken}`);
    }
    const record = { report_id: ids[0], author: kHostile, reason: kHostile };
    await service.send("PUT", "/api/v1/baselines/v1", record);
    await service.send("POST", "/api/v1/annotations", {
      author: kHostile, note: kHostile, at: "2026-03-11T00:00:00Z" });
    const [base, head] = ids;
    const paths = new Set(["/", `/reports/${base}`, `/reports/${head}`, `/compare?base=${base}&head=${head}`,
      "/trend", `/peers?report=${head}`, "/records", "/tasks"]);
    let seen = 0;
    // A set goes on with what is added on the way: the pages that these lead to.
    for (const path of paths) {
      await withPage(service.home + path, async (page) => {
        await checkHarmless(page);
        seen += (await page.locator("body").innerText()).includes("<script>document.title") ? 1 : 0;
        const links = await page.locator('a[href^="/"]').evaluateAll((all) => all.map((one) =>
          one.getAttribute("href")));
        for (const link of links) {
          if (paths.size < kMostLinks && !/^\/api\/|#/.test(link)) paths.add(link);
        }
      });
    }
    assert.ok(seen > 5, `${seen} pages show it at all`);
  });

  test("an element made of a text would be found", async () => {
    for (const plant of ['<img src="x">', '<p onerror="1">', '<a href="javascript:1">',
      "<title>ran</title>"]) {
      const page = await openPage(`${service.home}/`);
      await page.evaluate((html) => {
        const made = new DOMParser().parseFromString(html, "text/html");
        const title = made.querySelector("title");
        if (title) document.title = title.textContent;
        document.body.append(...made.body.children);
      }, plant);
      await assert.rejects(checkHarmless(page), assert.AssertionError, plant);
      await page.close();
    }
  });
});
