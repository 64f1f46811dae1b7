// What holds for every page, whatever it is for.

import assert from "node:assert/strict";
import { suite } from "../lib/spec.mjs";

const DEFINITION = `
stages: [build, test, deploy]
compile:
  stage: build
  script:
    - echo "compiling"
    - printf '\\033[31mred\\033[0m and \\033[1mbold\\033[0m\\n'
unit:
  stage: test
  script: ["seq 1 200"]
flaky:
  stage: test
  allow_failure: true
  script: ["echo '<script>alert(1)</script>'", "exit 1"]
release:
  stage: deploy
  when: manual
  script: ["echo released"]
`;

/** Creates a pipeline with one run that waits for its manual job. */
async function prepare(weir) {
  await weir.createPipeline("shop", DEFINITION, "Shop");
  await weir.createPipeline("switched", DEFINITION, "Switched");
  const { run } = await weir.trigger("shop");
  const [job] = await weir.jobsOf(run);
  assert.ok(job, "the run's page links its jobs");
  return { run, job };
}

const PAGES = [
  ["the dashboard", () => "/"],
  ["the list of runs", () => "/runs"],
  ["the list of runs, filtered to nothing", () => "/runs?status=canceled"],
  ["the environments", () => "/environments"],
  ["the schedules", () => "/schedules?cron=30+2+*+*+mon-fri&timezone=Europe%2FBerlin"],
  ["the variables of the instance", () => "/settings/variables"],
  ["the account", () => "/settings/account"],
  ["the users", () => "/settings/users"],
  ["the audit log", () => "/settings/audit"],
  ["the projects", () => "/projects"],
  ["a namespace", () => "/projects/local"],
  ["the list of pipelines", () => "/pipelines"],
  ["the form for a pipeline", () => "/pipelines/new"],
  ["a pipeline", () => "/pipelines/shop"],
  ["a run", ({ run }) => `/runs/${run}`],
  ["the tests of a run", ({ run }) => `/runs/${run}?view=tests`],
  ["a job", ({ job }) => `/jobs/${job}`],
];

/** Pages to read: in English only, and without scripts. */
const TO_READ = [
  ["the documentation", "/docs"],
  ["the documentation of the language", "/docs/language"],
  ["the documentation of administration", "/docs/administration"],
  ["the table of permissions", "/docs/permissions"],
  ["the list of operations", "/docs/api", { isLong: true }],
];

/** How wide the page is, and how wide the screen. */
const widths = (page) => page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);

suite("every page", { prepare }, (spec) => {
  for (const [name, address] of PAGES) {
    spec(`${name} has a title, one heading, and nothing that axe finds`, {}, async (fixture) => {
      const { open, page, axe } = fixture;
      const response = await open(address(fixture));
      assert.equal(response.status(), 200);
      assert.match(await page.title(), /Weir/);
      assert.equal(await page.locator("h1").count(), 1);
      await axe();
    });

    spec(`${name} fits a phone`, { context: { viewport: { width: 360, height: 740 } } }, async (fixture) => {
      const { open, page, axe } = fixture;
      await open(address(fixture));
      const [content, screen] = await widths(page);
      assert.ok(content <= screen, `the page is ${content} px wide on a screen of ${screen} px`);
      await axe();
    });

    spec(`${name} is dark on request, and still readable`, { context: { colorScheme: "dark" } }, async (fixture) => {
      const { open, axe } = fixture;
      await open(address(fixture));
      await axe();
    });

    spec(`${name} speaks Chinese`, { context: { locale: "zh-CN" } }, async (fixture) => {
      const { open, page, axe } = fixture;
      await open(address(fixture));
      assert.match(await page.locator("html").getAttribute("lang"), /^zh/);
      assert.match(await page.locator("body").innerText(), /[\u4e00-\u9fff]/);
      await axe();
    });
  }

  for (const [name, address, { isLong = false } = {}] of TO_READ) {
    const of = { scripts: "off" };
    // axe takes minutes for hundreds of tables that are made alike.
    const looked = async (axe) => isLong || axe();
    spec(`${name} has the way to the other pages, and nothing that axe finds`, of, async ({ open, page, axe }) => {
      assert.equal((await open(address)).status(), 200);
      assert.match(await page.title(), /Weir/);
      assert.equal(await page.locator("h1").count(), 1);
      const header = page.locator("header");
      assert.equal(await header.getByRole("link", { name: "Weir" }).getAttribute("href"), "/");
      assert.equal(await header.locator("[aria-current=page]").innerText(), "Documentation");
      // Title and text stand at the top, whatever the height of the window.
      const top = await page.locator(".text :is(p, ul)").first().evaluate((first) => first.getBoundingClientRect().top);
      assert.ok(top < 300, `the text begins at ${top} px`);
      await looked(axe);
    });

    const phone = { viewport: { width: 390, height: 844 } };
    spec(`${name} fits a phone`, { ...of, context: phone }, async ({ open, page, axe }) => {
      await open(address);
      const [content, screen] = await widths(page);
      assert.ok(content <= screen, `the page is ${content} px wide on a screen of ${screen} px`);
      await looked(axe);
    });

    spec(`${name} is dark where the other pages are`, of, async ({ open, page, axe, context, weir }) => {
      await context.addCookies([{ name: "weir_theme", value: "dark", url: weir.url }]);
      await open("/projects");
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const dark = await ground();
      await open(address);
      assert.equal(await ground(), dark);
      await looked(axe);
    });
  }

  spec("a pipeline is disabled and enabled on its own", {}, async ({ open, page, axe }) => {
    await open("/pipelines/switched");
    await page.locator(".ask > summary", { hasText: "Disable" }).click();
    await page.getByRole("button", { name: "Disable the pipeline" }).click();
    await page.getByText("This pipeline is disabled: it starts no runs.").waitFor();
    assert.equal(await page.locator(".run-form").count(), 0, "there is nothing to start it with");
    await axe();
    await page.getByRole("button", { name: "Enable" }).click();
    await page.locator(".run-form").waitFor();
  });

  spec("an unknown page says so", {}, async ({ open, page, axe, expectError }) => {
    expectError(/404/);
    const response = await open("/nowhere");
    assert.equal(response.status(), 404);
    assert.equal(await page.locator("h1").count(), 1);
    await axe();
  });
});
