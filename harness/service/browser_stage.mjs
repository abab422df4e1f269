// What the tests in a browser stand on: services of their own, reports made from the golden one, pages.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [program, folder] = process.argv.slice(2).map((path) => resolve(path));
const { chromium } = createRequire(join(folder, "from_here.js"))("playwright-core");
const screenshots = join(folder, "screenshots");
const golden = fileURLToPath(new URL("../report/fixtures/golden_report.json", import.meta.url));

const kToken = "token-of-the-browser-test";
const kWindow = { width: 1280, height: 800 };
export const kPatience_ms = 120_000; // for machines with much else to do

// --- Services.

// On a fresh database in a folder of its own; `prepare` may put files there and gives more arguments.
export class TestService {
  static async start(prepare = () => []) {
    const service = new TestService();
    service.work = mkdtempSync(join(tmpdir(), "deltagauge-browser-"));
    service.home = await service.#spawn(prepare(service.work));
    return service;
  }

  #spawn(more) {
    const token = join(this.work, "token");
    writeFileSync(token, kToken);
    this.process = spawn(program, ["serve", "--db", join(this.work, "store.sqlite"), "--port", "0",
      "--token-file", token, ...more], { stdio: ["ignore", "pipe", "inherit"] });
    return new Promise((resolveUrl, reject) => {
      this.process.once("error", reject);
      this.process.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
      let said = "";
      this.process.stdout.on("data", (piece) => {
        said += piece;
        const found = /listening at (http:\S+?)\/\n/.exec(said);
        if (found) resolveUrl(found[1]);
      });
    });
  }

  ask(method, path, value) {
    return fetch(this.home + path, {
      method, body: JSON.stringify(value), headers: { Authorization: `Bearer ${kToken}` },
    });
  }

  async send(method, path, value) {
    const answer = await this.ask(method, path, value);
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async stop() {
    this.process.removeAllListeners("exit");
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.work, { recursive: true, force: true });
  }
}

export const goldenReport = () => JSON.parse(readFileSync(golden, "utf8"));

export const figureOf = (report, id, name) =>
  report.cases.find((one) => one.id === id).metrics.find((one) => one.name === name).value;

// --- Pages.

let browser = null;

export const startBrowser = async () => {
  mkdirSync(screenshots, { recursive: true });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium" });
};
export const stopBrowser = () => browser?.close();

// What a page says on its console, its errors and dialogs go into `complaints`.
export const openPage = async (url, options = {}) => {
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
  const answer = await page.goto(url, { waitUntil: "load" });
  assert.equal(answer.status(), 200, url);
  return page;
};

// Runs `look` on a page, which must have nothing to complain of then.
export const withPage = async (url, look, options) => {
  const page = await openPage(url, options);
  try {
    await look(page);
    assert.deepEqual(page.complaints, [], url);
  } finally {
    await page.close();
  }
};

// Whether it is in the window as it was opened, and nothing lies over it.
export const isSeen = (locator) =>
  locator.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return scrollY === 0 && top >= 0 && top + height <= innerHeight && element.contains(hit);
  });

export const takePicture = (page, name) => page.screenshot({ path: join(screenshots, `${name}.png`) });
