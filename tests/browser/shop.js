// The shop on Spring Boot with our agent in it, and its console open in a real browser.
import { chromium } from "playwright-core";
import { browser as browserPath } from "./place.js";
import { Demo, PATIENCE, Tunnel } from "./process.js";
import { Screen } from "./screen.js";

export class ShopConsole {
  /** Starts everything for a line of Spring Boot, 2 or 3, on a JDK; the agent comes into the running application. */
  static async open(line, version) {
    const all = new ShopConsole();
    try {
      all.tunnel = await Tunnel.start();
      all.shop = await Demo.shop(line, version);
      await all.shop.attach(`tunnel-url=${all.tunnel.agentAddress},token-file=${all.tunnel.tokenFile},app-name=shop`);
      all.browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", "--disable-gpu"] });
      all.page = await all.browser.newPage({
        viewport: { width: 1480, height: 1100 },
        colorScheme: "dark",
        deviceScaleFactor: 1.25,
      });
      all.page.setDefaultTimeout(PATIENCE);
      all.screen = new Screen(all.page);
      await all.page.goto(all.tunnel.url);
      await all.page.fill("[name=password]", all.tunnel.password);
      await all.page.click("button[type=submit]");
      await all.page.click("section[aria-label=shop] a.open");
      await all.screen.prompt();
      return all;
    } catch (error) {
      await all.close();
      throw error;
    }
  }

  async close() {
    await this.browser?.close();
    await this.shop?.end();
    await this.tunnel?.close();
  }
}
