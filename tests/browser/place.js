// Where everything the test needs is: our binaries, the JDKs, the compiled Java programs, the browser.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const CACHE = join(ROOT, ".cache");

/** One of our binaries: in OXPROBE_BIN_DIR, else the newest build. */
export function binary(name) {
  const folder = process.env.OXPROBE_BIN_DIR;
  if (folder) return found(join(folder, name), "OXPROBE_BIN_DIR names another folder");
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const built = ["debug", "release"].map((profile) => join(target, profile, name)).filter(existsSync);
  built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return built[0] ?? found(join(target, "debug", name), "run cargo build");
}

/** The `java` of a JDK. */
export function java(version) {
  const jdks = process.env.OXPROBE_JDKS ?? join(CACHE, "jdks");
  return found(join(jdks, String(version), "bin/java"), "run scripts/jdks");
}

/** The folder of the compiled Java programs. */
export function fixtures() {
  return found(join(CACHE, "fixtures"), "run scripts/fixtures");
}

/** The class path of the shop on a line of Spring Boot, 2 or 3. */
export function shop(line) {
  const folder = found(join(CACHE, "spring", String(line)), `run scripts/spring ${line}`);
  return `${join(folder, "classes")}:${join(folder, "lib/*")}`;
}

/** The folder Arthas is unpacked in. */
export function arthas() {
  return dirname(found(join(CACHE, "arthas-4.1.5/arthas-boot.jar"), "run scripts/arthas"));
}

/** Chromium, without a window. */
export function browser() {
  const named = process.env.OXPROBE_CHROMIUM;
  if (named) return found(named, "OXPROBE_CHROMIUM names no file");
  const candidates = ["chromium-headless-shell", "chromium", "google-chrome"].map((name) => join("/usr/bin", name));
  return candidates.find(existsSync) ?? found(candidates[0], "install chromium-headless-shell, or set OXPROBE_CHROMIUM");
}

/** Where pictures go: into OXPROBE_SCREENSHOTS, else out of the way. */
export function pictures() {
  const folder = process.env.OXPROBE_SCREENSHOTS ?? join(CACHE, "browser");
  mkdirSync(folder, { recursive: true });
  return folder;
}

function found(path, advice) {
  if (!existsSync(path)) throw new Error(`there is no ${path}: ${advice}`);
  return path;
}
