// Questions that open in front of the page: wherever the button stands, all of the question can be seen.

import assert from "node:assert/strict";
import { suite } from "../lib/spec.mjs";

const DEFINITION = `
release:
  when: manual
  manual_confirmation: Everybody will see it. Release?
  script: ["echo released"]
`;

async function prepare(weir) {
  await weir.createPipeline("asks", DEFINITION);
  const { run } = await weir.trigger("asks");
  const [job] = await weir.jobsOf(run);
  return { job };
}

suite("a question", { prepare }, (spec) => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 740 }]) {
    const name = `on the page of a job lies inside the window at ${viewport.width} pixels`;
    spec(name, { scripts: "on", context: { viewport } }, async ({ open, page, job }) => {
      await open(`/jobs/${job}`);
      await page.locator(".confirm > summary").click();
      await page.waitForFunction(() => document.querySelector("dialog:modal"));
      const { x, y, right, bottom } = await page.evaluate(() => {
        const box = document.querySelector("dialog:modal").getBoundingClientRect();
        return { x: box.x, y: box.y, right: box.right, bottom: box.bottom };
      });
      const inside = x >= 0 && y >= 0 && right <= viewport.width && bottom <= viewport.height;
      assert.ok(inside, `it reaches from ${x}, ${y} to ${right}, ${bottom}`);
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => !document.querySelector("dialog:modal"));
    });
  }
});
