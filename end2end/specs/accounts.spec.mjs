// A server with accounts: from the first start to who may do what. The specs of a suite build on each other.

import assert from "node:assert/strict";
import { eventually } from "../lib/page.mjs";
import { suite } from "../lib/spec.mjs";

const ADA = { name: "ada", password: "correct horse battery staple" };
const GRACE = { name: "grace", password: "a nanosecond is a piece of wire" };
const HOSTILE = "<script>window.evil = 1</script>";

/** The form that posts to this server function. */
const form = (page, to) => page.locator(`form[action="/rpc/${to}"]`);

/** Fills in fields by their names and sends the form. */
async function send(of, fields) {
  for (const [name, value] of Object.entries(fields)) await of.locator(`[name="${name}"]`).fill(value);
  await of.locator("button[type=submit]").last().click();
}

async function signIn({ open, page }, { name, password }) {
  await open("/login");
  await send(form(page, "session/sign_in"), { name, password });
  await page.waitForURL((url) => url.pathname === "/");
}

/** A question has to be opened before its button can be pressed. */
async function press(of) {
  const question = of.locator("summary");
  if (await question.count()) await question.click();
  await of.locator("button[type=submit]").click();
}

for (const scripts of ["on", "off"]) {
  suite(`accounts, scripts ${scripts}`, { local: false }, (spec) => {
    spec("the first start makes an administrator, who signs out and in", { scripts }, async ({ open, page, axe, weir }) => {
      const link = await eventually(() => /\/welcome\?key=[^\s"')]+/.exec(weir.output)?.[0], "the link is printed");
      await open("/");
      assert.equal(new URL(page.url()).pathname, "/welcome", "without an administrator there is nothing else");
      assert.equal(await page.locator("header nav, header .me a").count(), 0, "nothing leads past the door");
      await open(link);
      await axe();
      const { name, password } = ADA;
      await send(form(page, "welcome"), { name, full_name: "Ada Lovelace", password, again: "another one" });
      await page.getByRole("alert").waitFor();
      assert.equal(await form(page, "welcome").locator("[name=name]").inputValue(), name);
      await send(form(page, "welcome"), { password, again: password });
      await page.waitForURL((url) => url.pathname === "/");
      assert.equal(await page.locator(".me .who").innerText(), name);
      await form(page, "session/sign_out").locator("button").click();
      await page.waitForURL((url) => url.pathname === "/login");
      await axe();
      await signIn({ open, page }, ADA);
      const cookies = await page.context().cookies();
      const session = cookies.find((cookie) => cookie.name === "weir_session");
      assert.ok(session.httpOnly && session.sameSite === "Lax", "no script reads the session");
    });

    spec("the link of the first start is good once", { scripts }, async ({ open, page, weir }) => {
      await open(/\/welcome\?key=[^\s"')]+/.exec(weir.output)[0]);
      const { name, password } = GRACE;
      await send(form(page, "welcome"), { name, password, again: password });
      await page.getByRole("alert").waitFor();
      assert.equal(await page.locator(".me .who").count(), 0);
    });

    spec("a wrong password is refused, and the name stays", { scripts }, async ({ open, page, axe }) => {
      await open("/login");
      await send(form(page, "session/sign_in"), { name: "ada", password: "wrong and long enough" });
      await page.getByRole("alert").waitFor();
      assert.equal(await page.getByLabel("User name").inputValue(), "ada");
      assert.equal(await page.getByLabel("Password").inputValue(), "");
      assert.ok(!page.url().includes("wrong"), "the password is no part of the address");
      await axe();
    });

    spec("who wants a page signs in and gets it", { scripts }, async ({ open, page }) => {
      await open("/settings/users?text=ada");
      assert.equal(new URL(page.url()).pathname, "/login");
      await send(form(page, "session/sign_in"), ADA);
      await page.waitForURL((url) => url.pathname === "/settings/users" && url.search === "?text=ada");
    });

    spec("a new user sets a password by a link", { scripts }, async ({ open, page, axe, context, expectError }) => {
      expectError(/403/);
      await signIn({ open, page }, ADA);
      await open("/settings/users");
      await page.locator("details:has(form[action='/rpc/user/create']) > summary").click();
      await send(form(page, "user/create"), { name: GRACE.name, full_name: "Grace Hopper" });
      const link = await page.locator(".once code").innerText();
      assert.match(link, /\/password\?key=/);
      await axe();
      await page.reload();
      assert.ok(!(await page.content()).includes(link.split("key=")[1]), "the link is shown once");
      await context.clearCookies();
      await open(link);
      await axe();
      const { password } = GRACE;
      await send(form(page, "password"), { password, again: password });
      await page.waitForURL((url) => url.pathname === "/");
      assert.equal(await page.locator(".me .who").innerText(), GRACE.name);
      await open(link);
      assert.equal(await form(page, "password").count(), 0, "the link is good once");
      assert.equal((await open("/settings/users")).status(), 403);
    });

    spec("a token is shown once, works, and ends when it is revoked", { scripts }, async ({ open, page, axe, weir }) => {
      await signIn({ open, page }, GRACE);
      await open("/settings/account");
      await send(form(page, "token/create"), { name: HOSTILE });
      const secret = await page.locator(".once code").first().innerText();
      assert.match(secret, /^glpat-/);
      assert.ok(!page.url().includes(secret));
      await axe();
      const ask = () => fetch(`${weir.url}/api/v4/projects`, { headers: { "private-token": secret } });
      assert.equal((await ask()).status, 200);
      await page.reload();
      assert.ok(!(await page.content()).includes(secret), "it is not shown again");
      const row = page.getByRole("row").filter({ hasText: HOSTILE });
      await press(row.locator("form[action='/rpc/token/revoke']"));
      await row.waitFor({ state: "detached" });
      assert.equal((await ask()).status, 401);
    });

    spec("a member has what the role gives", { scripts }, async ({ open, page, axe, context, expectError }) => {
      expectError(/404/);
      await signIn({ open, page }, ADA);
      await open("/projects");
      const folded = page.locator("details:has(form[action='/rpc/project/create']):not([open]) > summary");
      if (await folded.count()) await folded.click();
      await send(form(page, "project/create"), { path: "team/web" });
      await page.waitForURL((url) => url.pathname === "/projects/team/web");
      await axe();
      await page.getByRole("link", { name: "Members" }).click();
      const add = form(page, "member/set").last();
      await add.locator("[name=role]").selectOption("developer");
      await send(add, { user: GRACE.name });
      const row = page.getByRole("row").filter({ hasText: GRACE.name });
      await row.waitFor();
      assert.equal(await row.locator("select").inputValue(), "developer");
      await axe();
      await open(`/projects/team/web?tab=permissions&user=${GRACE.name}`);
      assert.match(await page.locator("main").innerText(), /grace: developer/);
      await axe();
      await context.clearCookies();
      await signIn({ open, page }, GRACE);
      await open("/projects");
      await page.locator("a[href='/projects/team/web']").click();
      await page.waitForURL((url) => url.pathname === "/projects/team/web");
      assert.equal(await page.getByRole("link", { name: "Settings" }).count(), 1, "only that of the main navigation");
      assert.equal((await open("/projects/team/web?tab=settings")).status(), 404);
    });

    spec("a runner is made, paused, given a new token and deleted", { scripts }, async ({ open, page, axe, weir }) => {
      await signIn({ open, page }, ADA);
      await open("/settings/users");
      await page.getByRole("link", { name: "Runners" }).click();
      await page.waitForURL((url) => url.pathname === "/runners");
      await axe();
      const name = `lab ${HOSTILE}`;
      await page.locator("details:has(form[action='/rpc/runner/create']):not([open]) > summary").click();
      await send(form(page, "runner/create"), { name, tags: "gpu, linux" });
      const secret = await page.locator(".once code").first().innerText();
      assert.match(secret, /^glrt-/);
      assert.ok(!page.url().includes(secret));
      assert.match(await page.locator(".once").innerText(), /gitlab-runner register --url http.* --token glrt-/);
      await axe();
      const verify = (token) =>
        fetch(`${weir.url}/api/v4/runners/verify`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ token }),
        });
      assert.equal((await verify(secret)).status, 200);
      await page.reload();
      assert.ok(!(await page.content()).includes(secret), "it is shown once");
      assert.equal(await page.evaluate(() => window.evil), undefined);

      const row = page.getByRole("row").filter({ hasText: "lab" });
      await press(row.locator("form[action='/rpc/runner/pause']"));
      await row.getByText("paused").waitFor();
      await row.getByRole("link", { name: "Change" }).click();
      const change = form(page, "runner/change");
      assert.equal(await change.locator("[name=tags]").inputValue(), "gpu, linux");
      await axe();
      await send(change, { tags: "gpu" });
      await page.waitForURL((url) => url.search === "");
      await row.getByText("paused").waitFor();
      assert.equal(await row.getByText("linux").count(), 0);

      await press(row.locator("form[action='/rpc/runner/rotate']"));
      const next = await page.locator(".once code").first().innerText();
      assert.notEqual(next, secret);
      assert.equal((await verify(secret)).status, 403);
      await open("/runners");
      await press(row.locator("form[action='/rpc/runner/delete']"));
      await row.waitFor({ state: "detached" });
      assert.equal((await verify(next)).status, 403);
    });

    spec("a runner of a project takes jobs of no other", { scripts }, async ({ open, page, axe }) => {
      await signIn({ open, page }, ADA);
      await open("/projects/team/web?tab=runners");
      await axe();
      await send(form(page, "runner/create"), { name: "web only" });
      assert.match(await page.locator(".once code").first().innerText(), /^glrt-/);
      assert.equal(new URL(page.url()).pathname, "/projects/team/web");
      await open("/runners");
      await page.getByRole("row").filter({ hasText: "web only" }).getByRole("link", { name: "team/web" }).click();
      await page.waitForURL((url) => url.search === "?tab=runners");
    });

    spec("who is not signed in is led to where they can be before they write a pipeline", { scripts }, async ({ open, page }) => {
      await open("/pipelines/new");
      assert.equal(new URL(page.url()).pathname, "/login");
    });

    spec("the audit log shows hostile names as text", { scripts }, async ({ open, page, axe }) => {
      await signIn({ open, page }, ADA);
      await open("/settings/audit");
      assert.ok((await page.locator("main").innerText()).includes(HOSTILE));
      assert.equal(await page.locator("main script").count(), 0);
      assert.equal(await page.evaluate(() => window.evil), undefined);
      await axe();
      const files = await page.locator("a[href^='/audit.']").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      for (const file of files) assert.equal((await page.request.get(file)).status(), 200, file);
    });
  });
}
