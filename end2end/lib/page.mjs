// What every page must hold to: no errors in the console, nothing that axe finds, the server's HTML kept by hydration.

import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";

/**
 * Collects what must not happen on a page.
 *
 * @param {import("playwright-core").Page} page
 * @returns {{expect: (pattern: RegExp) => void, check: () => void}} `expect` allows errors that the test provokes
 */
export function watch(page) {
  const seen = [];
  const expected = [];
  page.on("console", (message) => {
    if (message.type() === "error") seen.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => seen.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 500) seen.push(`${response.status()} ${response.url()}`);
  });
  return {
    expect: (pattern) => expected.push(pattern),
    check() {
      const rest = seen.filter((line) => !expected.some((pattern) => pattern.test(line)));
      assert.deepEqual(rest, [], "the page reported errors");
    },
  };
}

/** Fails with a readable list of what axe finds. */
export async function axe(page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}: ${node.html.slice(0, 200)}`),
  );
  assert.deepEqual(found, [], `axe finds something on ${page.url()}`);
}

/**
 * The same for a page that was opened without scripts. axe is a script itself and would wait for ever there, so the page
 * is opened once more where scripts may run, with its own scripts taken out of the HTML.
 */
export async function axeWithoutScripts(page, browser, options) {
  const storageState = await page.context().storageState();
  const context = await browser.newContext({ ...options, storageState, javaScriptEnabled: true });
  try {
    const copy = await context.newPage();
    await copy.route(page.url(), async (route) => {
      const response = await route.fetch();
      const html = (await response.text())
        .replace(/<script\b[\s\S]*?<\/script>/g, "")
        .replace(/<link[^>]*rel="?modulepreload[^>]*>/g, "")
        .replace(/<\/?noscript>/g, "");
      await route.fulfill({ response, body: html });
    });
    await copy.goto(page.url());
    await axe(copy);
  } finally {
    await context.close();
  }
}

/** Notes, on every page that this one opens, when `hydrate` has returned. To be called before the page is opened. */
export async function noteHydration(page) {
  await page.addInitScript(() => {
    const noted = ({ instance, module }) => {
      const exports = { ...instance.exports };
      exports.hydrate = (...args) => {
        const result = instance.exports.hydrate(...args);
        window.hydrationIsDone = true;
        return result;
      };
      return { instance: { exports }, module };
    };
    // The page loads its program by one of these two, depending on how it is served.
    for (const name of ["instantiate", "instantiateStreaming"]) {
      const original = WebAssembly[name].bind(WebAssembly);
      WebAssembly[name] = async (...args) => {
        const result = await original(...args);
        return result.instance?.exports.hydrate ? noted(result) : result;
      };
    }
  });
}

/** Waits until the page's program has taken over and its effects have run. A page without one is as it is. */
export async function hydrated(page) {
  if ((await page.locator("script").count()) === 0) return;
  await page.waitForFunction(() => window.hydrationIsDone);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Waits until a condition on this side holds, asking again each time something may have changed. */
export async function eventually(condition, what, { tries = 200, pause = 50 } = {}) {
  let last;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, pause));
  }
  throw new Error(`never happened: ${what} (last: ${last})`);
}
