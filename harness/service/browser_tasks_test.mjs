// /tasks against runs that this service runs: kernel cases of small configurations.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TestService, kPatience_ms, openPage, takePicture, withPage } from "./browser_stage.mjs";

// Ends within a moment; and one that nobody waits for the end of.
const kTiny = `version: 1
name: tiny
kernel: {shapes: [{tokens: [1, 2, 3]}], regimes: [none], dtypes: [float32]}
`;
const tokens = Array.from({ length: 200 }, (_, i) => 256 + i);
const kEndless = `version: 1
name: endless
kernel:
  shapes: [{tokens: [${tokens}], value_heads: 4, key_heads: 4}]
  regimes: [none, long, medium, strong, mixed, spikes]
  dtypes: [float32, bfloat16]
`;

const writeConfigs = (work) => {
  const configs = join(work, "configs");
  mkdirSync(configs);
  writeFileSync(join(configs, "tiny.yaml"), kTiny);
  writeFileSync(join(configs, "endless.yaml"), kEndless);
  return ["--configs", configs, "--work", join(work, "runs")];
};

describe("tasks", () => {
  let service = null;
  const tasks = {};

  const rowOf = (page, config) => page.locator("tbody tr", { hasText: config });
  const progressOf = (page, config) =>
    rowOf(page, config).locator("progress").evaluate(({ value, max }) => ({ value, max }));

  // Ended, however the tests before have.
  const awaitEnd = async (task) => {
    const end = Date.now() + kPatience_ms;
    while (Date.now() < end) {
      const { state } = await service.send("GET", `/api/v1/runs/${task}?wait=20`);
      if (!["queued", "running"].includes(state)) return state;
    }
    throw new Error(`${task} does not end`);
  };

  before(async () => {
    service = await TestService.start(writeConfigs);
    for (const config of ["endless", "tiny"]) {
      tasks[config] = (await service.send("POST", "/api/v1/runs", { config })).task;
    }
  });
  after(() => service?.stop());

  test("a run's progress comes by itself, a waiting one waits", async () => {
    await withPage(`${service.home}/tasks`, async (page) => {
      await rowOf(page, "endless").locator("progress").waitFor();
      const first = await progressOf(page, "endless");
      assert.equal(first.max, tokens.length * 12);
      await page.waitForFunction((before) => document.querySelector("progress").value > before + 1,
        first.value);
      assert.match(await rowOf(page, "endless").innerText(), /^running\s.*\d+ of 2400/);
      assert.match(await rowOf(page, "tiny").innerText(), /^queued/);
      await takePicture(page, "tasks");
    });
  });

  test("a cancelled run is shown, the next one runs to its report", async () => {
    await withPage(`${service.home}/tasks`, async (page) => {
      await rowOf(page, "endless").locator("progress").waitFor();
      await service.send("DELETE", `/api/v1/runs/${tasks.endless}`);
      await rowOf(page, "endless").getByText("cancelled").waitFor();
      const tiny = rowOf(page, "tiny");
      await tiny.getByRole("link", { name: "report" }).waitFor();
      assert.match(await tiny.innerText(), /^completed\s+tiny\s.*passed/s);
      assert.match(await page.getByRole("status").innerText(), /^(tiny: completed|endless: cancelled)\.$/);
      await tiny.getByRole("link", { name: "report" }).click();
      await page.waitForURL("**/reports/*");
      assert.match(await page.locator("h1").innerText(), /^passed$/i);
    });
    assert.equal(await awaitEnd(tasks.endless), "cancelled");
    const { report_id: id } = await service.send("GET", `/api/v1/runs/${tasks.tiny}`);
    await withPage(`${service.home}/`, async (page) => {
      assert.ok((await page.locator(`a[href="/reports/${id}"]`).count()) > 0);
    });
  });

  test("names of runs stay text", async () => {
    const page = await openPage(`${service.home}/tasks`);
    const events =
      'event: progress\ndata: {"done": 3, "total": 12, "state": "running"}\n\n' +
      'event: end\ndata: {"state": "completed", "config": "<b>quick</b>", "report_id": "r-1"}\n\n';
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
});
