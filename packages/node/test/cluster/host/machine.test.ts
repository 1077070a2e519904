import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findsBattery, hardwareTags, machineFacts, namesBattery } from "../../../src/cluster/host/machine.ts";
import { temporaryFolder } from "../../support.ts";

/** Power supplies as Linux lists them. */
async function supplies(all: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<string> {
  const { path, remove } = await temporaryFolder();
  onTestFinished(remove);
  for (const [name, files] of Object.entries(all)) {
    await mkdir(join(path, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, name, file), `${text}\n`);
  }
  return path;
}

const LAPTOP_PMSET = `Now drawing from 'Battery Power'
 -InternalBattery-0 (id=4653155)\t87%; discharging; 3:12 remaining present: true
`;

describe("whether a machine runs on a battery", () => {
  it("is seen by its power supplies on Linux, whatever they are called", async () => {
    expect(findsBattery("linux", await supplies({ AC: { type: "Mains" }, BAT0: { type: "Battery" } }))).toBe(true);
    expect(findsBattery("linux", await supplies({ "macsmc-battery": { type: "Battery", scope: "System" } }))).toBe(
      true,
    );
    expect(findsBattery("linux", await supplies({ AC: { type: "Mains" } }))).toBe(false);
    expect(findsBattery("linux", await supplies({}))).toBe(false);
    expect(findsBattery("linux", "/nowhere")).toBe(false);
  });

  it("is not said of a desk with a wireless mouse", async () => {
    const mouse = { hidpp_battery_0: { type: "Battery", scope: "Device" }, ADP1: { type: "Mains" } };
    expect(findsBattery("linux", await supplies(mouse))).toBe(false);
  });

  it("is seen by what pmset says on a Mac", () => {
    expect(namesBattery(LAPTOP_PMSET)).toBe(true);
    expect(namesBattery("Now drawing from 'AC Power'\n")).toBe(false);
  });

  it("is what a person says of it", () => {
    expect(hardwareTags(machineFacts("battery"))).toContain("battery");
    expect(hardwareTags(machineFacts("mains"))).not.toContain("battery");
  });
});

describe("the tags of a machine's hardware", () => {
  it("tell strong machines from weak ones", () => {
    const GIB = 1024 ** 3;
    const of = (cores: number, gib: number) =>
      hardwareTags({ cores, memoryBytes: gib * GIB, hasGpu: false, hasBattery: false });
    expect(of(16, 32)).toEqual(["high_mem"]);
    expect(of(4, 4)).toEqual(["low_power"]);
    expect(of(4, 8)).toEqual([]);
  });
});
