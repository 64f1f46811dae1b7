// Every spec runs twice: with scripts, and with scripts switched off. What needs scripts, or needs them off, says so.

import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { axe, axeWithoutScripts, hydrated, noteHydration, watch } from "./page.mjs";
import { startWeir } from "./weir.mjs";

/**
 * One server and one browser for a group of specs.
 *
 * @param {string} title
 * @param {{args?: string[], env?: Record<string, string>, local?: boolean, prepare?: (weir) => Promise<object | void>}} options
 *   arguments for the server, and what to do with it before the first spec; what `prepare` returns reaches the specs
 * @param {(spec: Spec) => void} body declares the specs
 */
export function suite(title, { prepare, ...server }, body) {
  describe(title, () => {
    const shared = {};
    before(async () => {
      try {
        shared.weir = await startWeir(server);
        shared.browser = await launch();
        Object.assign(shared, await prepare?.(shared.weir));
      } catch (error) {
        // The runner would only say that each spec was cancelled; told by each spec, the reason is seen.
        shared.broken = error;
      }
    });
    after(async () => {
      await shared.browser?.close();
      await shared.weir?.stop();
    });
    const spec = (name, options, run) => declare(shared, name, options, run);
    body(spec);
  });
}

/**
 * @callback Spec
 * @param {string} name what holds, as a sentence
 * @param {{scripts?: "both" | "on" | "off", context?: object}} options which modes; more options for the browser context
 * @param {(fixture) => Promise<void>} run receives page, open, axe, weir, scripts, expectError, and what was prepared
 */
function declare(shared, name, options, run) {
  const { scripts = "both", context = {} } = options;
  const modes = { both: [true, false], on: [true], off: [false] }[scripts];
  for (const javaScriptEnabled of modes) {
    const mode = javaScriptEnabled ? "with scripts" : "without scripts";
    test(`${name} (${mode})`, { timeout: 120_000 }, async () => {
      const { weir, browser, broken } = shared;
      if (broken) throw broken;
      const settings = {
        javaScriptEnabled,
        baseURL: weir.url,
        locale: "en-GB",
        timezoneId: "Europe/Berlin",
        ...context,
      };
      const own = await browser.newContext(settings);
      try {
        own.setDefaultTimeout(20_000);
        const page = await own.newPage();
        const errors = watch(page);
        if (javaScriptEnabled) await noteHydration(page);
        const open = async (path) => {
          const response = await page.goto(path);
          if (javaScriptEnabled) await hydrated(page);
          return response;
        };
        await run({
          ...shared,
          page,
          open,
          context: own,
          scripts: javaScriptEnabled,
          axe: () => (javaScriptEnabled ? axe(page) : axeWithoutScripts(page, browser, settings)),
          expectError: errors.expect,
        });
        errors.check();
      } catch (error) {
        error.message += `\n\nThe server printed:\n${weir.output.slice(-4000)}`;
        throw error;
      } finally {
        await own.close();
      }
    });
  }
}
