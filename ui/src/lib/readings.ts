// Meter values as they come, ordered into series that can be drawn.
import type { Schemas } from "./api/client";
import type { Series } from "./ui/chart.svelte";

type Value = Schemas["MeterValueView"];

export type Quantity = "power" | "energy" | "current" | "voltage" | "soc";
export const QUANTITIES: readonly Quantity[] = ["power", "energy", "current", "voltage", "soc"];

const MEASURANDS: Record<Quantity, string[]> = {
  power: ["Power.Active.Import"],
  energy: ["Energy.Active.Import.Register"],
  current: ["Current.Import"],
  voltage: ["Voltage"],
  soc: ["SoC"],
};
const UNITS: Record<Quantity, string> = { power: "kW", energy: "kWh", current: "A", voltage: "V", soc: "%" };
const COLOURS = ["series-1", "series-2", "series-3", "series-4"];

/** The value in the unit that is shown; null if it cannot be told. */
export function scaled(value: Value): number | null {
  if (value.value === null) return null;
  const plain = value.value * 10 ** value.multiplier;
  return ["W", "Wh", "VA", "var"].includes(value.unit) ? plain / 1000 : plain;
}

export interface Drawn {
  times: number[];
  series: Series[];
}

/** Series of one quantity, one for each phase, or for each label that `labelOf` gives. */
export function drawn(values: { value: Value; label?: string }[], quantity: Quantity, name: string): Drawn {
  const fitting = values.filter(({ value }) => MEASURANDS[quantity].includes(value.measurand));
  const hasTotal = fitting.some(({ value }) => value.phase === null);
  const byLabel = new Map<string, Map<number, number>>();
  const times = new Set<number>();
  for (const { value, label } of fitting) {
    // A total makes its phases redundant; current and voltage have none that is worth drawing.
    if (hasTotal && value.phase !== null && quantity !== "current" && quantity !== "voltage") continue;
    const number = scaled(value);
    if (number === null) continue;
    const time = Date.parse(value.sampled_at) / 1000;
    const key = [label, value.phase].filter(Boolean).join(" ") || name;
    times.add(time);
    if (!byLabel.has(key)) byLabel.set(key, new Map());
    byLabel.get(key)?.set(time, number);
  }
  const ordered = [...times].sort((a, b) => a - b);
  const series = [...byLabel]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([label, points], index) => ({
      label,
      unit: UNITS[quantity],
      colour: COLOURS[index % COLOURS.length] ?? "series-1",
      values: ordered.map((time) => points.get(time) ?? null),
    }));
  return { times: ordered, series };
}

/** Which quantities there is anything of. */
export function present(values: Value[]): Quantity[] {
  return QUANTITIES.filter((quantity) =>
    values.some((value) => MEASURANDS[quantity].includes(value.measurand)),
  );
}

/** The power of a sample in watts: the total, or the sum of its phases. */
export function powerOf(values: Value[]): number | null {
  const powers = values.filter((value) => value.measurand === "Power.Active.Import" && value.value !== null);
  const total = powers.find((value) => value.phase === null);
  const counted = total ? [total] : powers;
  if (!counted.length) return null;
  return counted.reduce((sum, value) => sum + (scaled(value) ?? 0) * 1000, 0);
}

export interface PowerPoint {
  /** Seconds since 1970. */
  time: number;
  label: string;
  power_w: number;
}

/** Power over time, one series for each label, in any order and with repetitions. */
export function powerSeries(points: PowerPoint[]): Drawn {
  const byLabel = new Map<string, Map<number, number>>();
  for (const { time, label, power_w } of points) {
    const mine = byLabel.get(label) ?? new Map<number, number>();
    byLabel.set(label, mine.set(time, power_w / 1000));
  }
  const times = [...new Set(points.map(({ time }) => time))].sort((a, b) => a - b);
  const series = [...byLabel]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([label, found], index) => ({
      label,
      unit: UNITS.power,
      colour: COLOURS[index % COLOURS.length] ?? "series-1",
      values: times.map((time) => found.get(time) ?? null),
    }));
  return { times, series };
}
