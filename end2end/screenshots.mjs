// Pictures of every page of the demo: light and dark at desk width, light at phone width, and Chinese.
// `cargo xtask screenshots` runs this; the pictures are for people to look at, nothing compares them.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./lib/browser.mjs";
import { eventually, hydrated, noteHydration } from "./lib/page.mjs";
import { startWeir } from "./lib/weir.mjs";

const SHOTS = join(import.meta.dirname, "shots");

const DESK = { width: 1280, height: 900 };
const LOOKS = [
  { name: "light", viewport: DESK, colorScheme: "light", locale: "en-GB" },
  { name: "dark", viewport: DESK, colorScheme: "dark", locale: "en-GB" },
  { name: "390", viewport: { width: 390, height: 844 }, colorScheme: "light", locale: "en-GB" },
  { name: "390-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", locale: "en-GB" },
  { name: "zh", viewport: DESK, colorScheme: "light", locale: "zh-CN" },
];

/** The pages, with their addresses on this server: the demo's run is the richest, so its pages are taken. */
async function pages(weir, browser) {
  const context = await browser.newContext({ baseURL: weir.url });
  const page = await context.newPage();
  const links = async (path, start) => {
    await page.goto(path);
    const hrefs = await page.locator(`a[href^="${start}"]`).evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    return [...new Set(hrefs.map((href) => href.split(/[?#]/)[0]))];
  };
  const [pipelines, runs] = [await links("/", "/pipelines/"), await links("/runs", "/runs/")];
  const found = [
    ["dashboard", "/"],
    ["runs", "/runs"],
    ["runs-failed", "/runs?status=failed"],
    ["environments", "/environments"],
    ["schedules", "/schedules?cron=30+2+*+*+mon-fri&timezone=Europe%2FBerlin"],
    ["variables", "/settings/variables"],
    ["account", "/settings/account"],
    ["users", "/settings/users"],
    ["audit", "/settings/audit"],
    ["projects", "/projects"],
    ["pipelines", "/pipelines"],
    ["pipeline-new", "/pipelines/new"],
    ["not-found", "/runs/999999999"],
  ];
  for (const [index, path] of pipelines.slice(0, 2).entries()) found.push([`pipeline-${index + 1}`, path]);
  for (const [index, path] of runs.slice(0, 2).entries()) {
    found.push([`run-${index + 1}`, path]);
    const jobs = await links(path, "/jobs/");
    for (const [number, job] of jobs.slice(0, 3).entries()) found.push([`job-${index + 1}-${number + 1}`, job]);
  }
  await context.close();
  return found;
}

const weir = await startWeir({ args: ["--demo"] });
const browser = await launch();
try {
  await rm(SHOTS, { recursive: true, force: true });
  await mkdir(SHOTS, { recursive: true });
  // Once the demo has done what it can, so that the pictures show more than a beginning.
  const settled = async () => {
    const [project] = await weir.json("GET", "/api/v4/projects");
    const runs = await weir.json("GET", `/api/v4/projects/${project.id}/pipelines`);
    return runs.every(({ status }) => !["created", "pending", "running"].includes(status));
  };
  await eventually(settled, "the demo has run", { tries: 240, pause: 500 });
  const wanted = await pages(weir, browser);
  for (const { name: look, ...options } of LOOKS) {
    const context = await browser.newContext({ baseURL: weir.url, deviceScaleFactor: 1, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    await noteHydration(page);
    for (const [name, path] of wanted) {
      await page.goto(path);
      await hydrated(page);
      await page.screenshot({ path: join(SHOTS, `${name}-${look}.png`), fullPage: options.viewport.width < 1000 });
    }
    await context.close();
    console.log(`${look}: ${wanted.length} pictures`);
  }
} finally {
  await browser.close();
  await weir.stop();
}
