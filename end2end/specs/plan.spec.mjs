// The plan on the page of a pipeline: it is of what stands in the run form, or of what is being edited.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { suite } from "../lib/spec.mjs";
import { run } from "../lib/weir.mjs";

const DEFINITION = `
unit: {script: ["true"]}
release:
  script: ["echo released"]
  rules:
    - if: $DEPLOY == "yes"
`;

const WITH_VALUE = `
variables: {DEPLOY: "no"}
${DEFINITION}`;

let repository;

/** A repository with a branch that has one job more than the default one. */
async function makeRepository() {
  repository = await mkdtemp(join(tmpdir(), "weir-e2e-git-"));
  const git = (...args) =>
    promisify(execFile)("git", ["-C", repository, "-c", "user.name=Test", "-c", "user.email=test@localhost", ...args]);
  const commit = async (definition) => {
    await writeFile(join(repository, ".gitlab-ci.yml"), definition);
    await git("add", ".");
    await git("commit", "-q", "-m", "The definition");
  };
  await git("init", "-q", "-b", "main");
  await commit(DEFINITION);
  await git("checkout", "-q", "-b", "next");
  await commit(`${DEFINITION}\nlater: {script: ["true"]}\n`);
  await git("checkout", "-q", "main");
}

async function prepare(weir) {
  await weir.createPipeline("ships", WITH_VALUE);
  await makeRepository();
  for (const args of [
    ["project", "create", "demo/tree", "--source", repository],
    ["pipeline", "create", "tree", "--project", "demo/tree"],
  ]) {
    const { code, stdout, stderr } = await run([...args, "--data", weir.data]);
    assert.equal(code, 0, stdout + stderr);
  }
}

/** Waits until exactly these jobs are planned. */
function planned(page, jobs) {
  return page.waitForFunction((wanted) => {
    const names = [...document.querySelectorAll(".planned .plan .name")].map((name) => name.textContent.trim());
    return names.join() === wanted;
  }, jobs.join());
}

/** Waits until the plan says that it is of this. */
function captioned(page, text) {
  return page.locator(".plan-of").filter({ hasText: text }).waitFor();
}

suite("the plan of a pipeline", { prepare }, (spec) => {
  after(() => repository && rm(repository, { recursive: true, force: true }));

  spec("is of the definition's own values at first", {}, async ({ open, page }) => {
    await open("/pipelines/ships");
    const names = await page.locator(".planned .plan .name").allTextContents();
    assert.deepEqual(names, ["unit"]);
    await captioned(page, "with the values of the definition");
  });

  spec("leaves the form as it is without scripts", { scripts: "off" }, async ({ open, page }) => {
    await open("/pipelines/ships");
    await page.locator('input[name="set[DEPLOY]"]').fill("yes");
    await page.locator('.run-form button[type="submit"]').click();
    await page.waitForURL(/\/runs\/\d+$/);
    assert.match(await page.locator("main").innerText(), /release/);
  });

  spec("follows a variable of the definition", { scripts: "on" }, async ({ open, page, axe }) => {
    await open("/pipelines/ships");
    const field = page.locator('input[name="set[DEPLOY]"]');
    await field.pressSequentially("x");
    await captioned(page, "1 changed variable");
    await planned(page, ["unit"]);
    await field.fill("yes");
    await planned(page, ["unit", "release"]);
    await axe();
    await field.fill("no");
    await captioned(page, "with the values of the definition");
    await planned(page, ["unit"]);
  });

  spec("follows the lines of more variables, and says what is wrong with them", { scripts: "on" }, async (fixture) => {
    const { open, page, axe } = fixture;
    await open("/pipelines/ships");
    await page.locator(".run-form summary").click();
    const field = page.locator('textarea[name="more"]');
    await field.fill("DEPLOY=yes");
    await planned(page, ["unit", "release"]);
    await field.fill("DEPLOY");
    await page.locator(".run-form .note").filter({ hasText: "line 1 of the variables is not NAME=value" }).waitFor();
    await planned(page, []);
    await axe();
    await field.fill("");
    await captioned(page, "with the values of the definition");
    await planned(page, ["unit"]);
    assert.equal(await page.locator(".run-form .note").count(), 0);
  });

  spec("follows the ref", { scripts: "on" }, async ({ open, page }) => {
    await open("/pipelines/tree");
    await captioned(page, "of the default branch");
    const field = page.locator('input[name="git_ref"]');
    await field.fill("next");
    await planned(page, ["unit", "later"]);
    await captioned(page, "ref next");
    await field.fill("nowhere");
    await page.locator(".run-form .note").filter({ hasText: "nowhere" }).waitFor();
    await captioned(page, "ref nowhere");
    await planned(page, []);
    await field.fill("");
    await captioned(page, "of the default branch");
    await planned(page, ["unit"]);
  });

  spec("is of what was changed last: form or editor", { scripts: "on" }, async ({ open, page }) => {
    await open("/pipelines/ships");
    await page.locator(".edit > summary").click();
    await page.locator("textarea.editor").fill('fresh: {script: ["true"]}\n');
    await planned(page, ["fresh"]);
    await captioned(page, "of the text in the editor");
    const field = page.locator('input[name="set[DEPLOY]"]');
    await field.fill("yes");
    await planned(page, ["unit", "release"]);
    await captioned(page, "1 changed variable");
    await page.locator("textarea.editor").fill('fresher: {script: ["true"]}\n');
    await planned(page, ["fresher"]);
    await captioned(page, "of the text in the editor");
  });

  spec("takes no answer to an earlier question", { scripts: "on" }, async ({ open, page }) => {
    await open("/pipelines/ships");
    // The answer to the first question is held until the one to the second has come.
    let release;
    const held = new Promise((done) => (release = done));
    let asked;
    const first = new Promise((done) => (asked = done));
    await page.route("**/rpc/pipeline/plan", async (route) => {
      if (route.request().postData().includes("%5BDEPLOY%5D=yes")) {
        asked();
        await held;
      }
      await route.continue();
    });
    const field = page.locator('input[name="set[DEPLOY]"]');
    await field.fill("yes");
    await first;
    await field.fill("maybe");
    await captioned(page, "1 changed variable");
    await planned(page, ["unit"]);
    const late = page.waitForResponse((response) => response.request().postData()?.includes("%5BDEPLOY%5D=yes"));
    release();
    await (await late).finished();
    // Were it taken, it would be by the next frame.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.deepEqual(await page.locator(".planned .plan .name").allTextContents(), ["unit"]);
  });
});
