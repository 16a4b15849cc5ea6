// Words in German and English, and numbers, times and units as each of them writes them.
export type Language = "en" | "de";
export const LANGUAGES: Record<Language, string> = { en: "English", de: "Deutsch" };

const KEY = "chargeplane.language";

function first(): Language {
  const kept = localStorage.getItem(KEY) ?? navigator.language;
  return kept.startsWith("de") ? "de" : "en";
}

const initial = first();
let current = $state<Language>(initial);
document.documentElement.lang = initial;

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
}

export type Values = Record<string, string | number>;
export type Translate<W> = (key: keyof W & string, values?: Values) => string;

/** Words by key. Both files must have the same keys: the types say so, and `make ui-check`. */
export function dictionary<W extends Record<string, string>>(
  en: W,
  de: { [K in keyof W]: string },
): Translate<W> {
  return (key, values = {}) => {
    const text: string = (current === "de" ? de : en)[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? number(value, 0) : value;
    });
  };
}

/** `key_one` or `key_other`, whichever the number asks for. */
export function counted<W extends Record<string, string>>(
  translate: Translate<W>,
  stem: string,
  count: number,
): string {
  const rule = new Intl.PluralRules(current).select(count);
  return translate(`${stem}_${rule === "one" ? "one" : "other"}`, { count });
}

/** The word for a value of the interface, or the value itself if nobody has a word for it yet. */
export function known<W extends Record<string, string>>(
  translate: Translate<W>,
  words: W,
  prefix: string,
  value: string | null,
): string {
  if (value === null) return "–";
  const key = prefix + value;
  return key in words ? translate(key) : value.replaceAll("_", " ");
}

const formats = new Map<string, Intl.NumberFormat>();

export function number(value: number, digits = 1, least = 0): string {
  const key = `${current} ${digits} ${least}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(current, { maximumFractionDigits: digits, minimumFractionDigits: least });
    formats.set(key, format);
  }
  return format.format(value);
}

export function energy(wh: number | null): string {
  if (wh === null) return "–";
  return Math.abs(wh) >= 1e6 ? `${number(wh / 1e6, 2, 2)} MWh` : `${number(wh / 1e3, 2, 2)} kWh`;
}

export function power(w: number | null): string {
  if (w === null) return "–";
  return Math.abs(w) >= 1e6 ? `${number(w / 1e6, 2, 2)} MW` : `${number(w / 1e3, 1, 1)} kW`;
}

/** How times of day are written in either language: of 24 hours, so that they sort and align. */
export const TIME: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
};

export function dateTime(text: string | null): string {
  if (!text) return "–";
  const style: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "medium" };
  return new Intl.DateTimeFormat(current, { ...style, hourCycle: "h23" }).format(new Date(text));
}

/** The time alone today, with the date on any other day. */
export function moment(text: string | null): string {
  if (!text) return "–";
  const when = new Date(text);
  const now = new Date();
  const isToday = when.toDateString() === now.toDateString();
  const time: Intl.DateTimeFormatOptions = { ...TIME, second: "2-digit" };
  const day: Intl.DateTimeFormatOptions = {
    day: "2-digit",
    month: "short",
    // Stations say odd dates, and those must not look like one of this year.
    year: when.getFullYear() === now.getFullYear() ? undefined : "numeric",
    ...TIME,
  };
  return new Intl.DateTimeFormat(current, isToday ? time : day).format(when);
}

export function clock(text: string): string {
  const parts: Intl.DateTimeFormatOptions = {
    ...TIME,
    second: "2-digit",
    fractionalSecondDigits: 3,
  };
  return new Intl.DateTimeFormat(current, parts).format(new Date(text));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

export function ago(text: string | null): string {
  if (!text) return "–";
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? ["second", 1];
  const relative = new Intl.RelativeTimeFormat(current, { numeric: "auto", style: "short" });
  return relative.format(Math.round(seconds / size), unit);
}

export function duration(from: string, to: string | null): string {
  const seconds = Math.max(0, Math.round(((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${String(m).padStart(2, "0")} min`;
  return m > 0 ? `${m} min ${String(s).padStart(2, "0")} s` : `${s} s`;
}
