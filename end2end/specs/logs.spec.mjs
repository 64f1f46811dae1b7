// Long logs: where they open, and that they go on from there.

import assert from "node:assert/strict";
import { suite } from "../lib/spec.mjs";

const DEFINITION = `
fails: {script: ["seq 1 60000", "exit 4"]}
works: {script: ["seq 1 60000"]}
`;

async function prepare(weir) {
  await weir.createPipeline("long", DEFINITION);
  const { job, run } = await weir.trigger("long");
  await weir.finished(job);
  return { jobs: await weir.jobsOf(run) };
}

/** The numbers of the lines in sight, and the text of the last one. */
function inSight(page) {
  return page.evaluate(() => {
    const frame = document.querySelector(".log-frame").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".log-frame li")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return top >= frame.top - 1 && bottom <= frame.bottom + 1;
    });
    const number = (row) => Number(row.id.slice(1));
    return { first: number(rows[0]), last: number(rows.at(-1)), text: rows.at(-1).innerText };
  });
}

for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 740 }]) {
  suite(`a long log at ${viewport.width} pixels`, { prepare }, (spec) => {
    for (const [place, name, said] of [[0, "failed", /Job failed/], [1, "went well", /Job succeeded/]]) {
      spec(`of a job that ${name} opens at its end and scrolls from there`, { scripts: "on", context: { viewport } }, async (fixture) => {
        const { open, page, jobs } = fixture;
        await open(`/jobs/${jobs[place]}`);
        await page.waitForFunction(() => document.querySelector(".log-frame.windowed")?.scrollTop > 1000);
        const before = await inSight(page);
        assert.match(before.text, said);
        const box = await page.locator(".log-frame").boundingBox();
        await page.mouse.move(box.x + 50, box.y + 50);
        await page.mouse.wheel(0, -100);
        await page.waitForFunction((last) => document.querySelector(`#L${last}`)?.getBoundingClientRect().bottom
          > document.querySelector(".log-frame").getBoundingClientRect().bottom + 1, before.last);
        const after = await inSight(page);
        assert.ok(after.first < before.first && before.first - after.first <= 10, `${before.first} to ${after.first}`);
      });
    }
  });
}
