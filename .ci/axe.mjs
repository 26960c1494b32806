// Checks pages against WCAG 2.2 AA with axe-core in headless Chromium: narrow and wide, light and dark, and that nothing runs out of a
// narrow screen. Usage: node axe.mjs FOLDER-WITH-NODE-MODULES CHROMIUM PAGE…
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const [modules, browserPath, ...pages] = process.argv.slice(2);
const require = createRequire(resolve(modules, 'node_modules', 'x'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
let wrong = 0;
for (const page of pages) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [360, 1280]) {
      // The page forbids scripts by its own policy; only the check itself is let in.
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      const tab = await context.newPage();
      await tab.goto(pathToFileURL(resolve(page)).href);
      await tab.addScriptTag({ content: axe });
      const result = await tab.evaluate((tags) => window.axe.run(document, { runOnly: tags }), tags);
      for (const violation of result.violations) {
        wrong += 1;
        console.log(`${page} ${colorScheme} ${width}: ${violation.id} (${violation.impact}) ${violation.help}, ${violation.nodes.length} x`);
        for (const node of violation.nodes.slice(0, 2)) console.log(`    ${node.html.slice(0, 160)}`);
      }
      const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) {
        wrong += 1;
        console.log(`${page} ${colorScheme} ${width}: runs ${over} px out of the screen`);
        const which = await tab.evaluate(() => [...document.querySelectorAll("body *")]
          .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth && !one.closest(".scroll"))
          .slice(0, 3).map((one) => one.outerHTML.slice(0, 160)));
        for (const html of which) console.log(`    ${html}`);
      }
      await context.close();
    }
  }
}
await browser.close();
console.log(`${pages.length} pages, ${wrong} remarks`);
process.exit(wrong ? 1 : 0);
