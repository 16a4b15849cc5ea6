// The one grammar of tables: columns, facets, order, and what of it is in the address.
import type { Snippet } from "svelte";

export type Cell = string | number | null;

export interface Column<T> {
  key: string;
  title: string;
  /** What is sorted, searched and exported. */
  value: (row: T) => Cell;
  /** How it is written; the value itself if missing. */
  text?: (row: T) => string;
  cell?: Snippet<[T]>;
  isNumber?: boolean;
  /** 1 is always there, 2 needs a tablet, 3 a wide screen. */
  priority?: 1 | 2 | 3;
  width?: string;
}

export interface Facet<T> {
  key: string;
  title: string;
  value: (row: T) => string;
  word: (value: string) => string;
}

export interface Choice {
  value: string;
  word: string;
  /** Null if nobody has counted. */
  count: number | null;
}

/** A facet as it stands above a table. */
export interface Offered {
  key: string;
  title: string;
  values: string[];
  choices: Choice[];
  /** The server takes one value. */
  isSingle?: boolean;
}

export function textOf<T>(column: Column<T>, row: T): string {
  if (column.text) return column.text(row);
  const value = column.value(row);
  return value === null ? "" : String(value);
}

export function matching<T>(rows: T[], columns: Column<T>[], search: string): T[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return rows;
  return rows.filter((row) => {
    const text = columns
      .map((column) => `${column.value(row) ?? ""} ${column.text?.(row) ?? ""}`)
      .join(" ")
      .toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Every value of a facet with how many rows have it, among the rows that the others let through. */
export function choices<T>(rows: T[], facet: Facet<T>): Choice[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(facet.value(row), (counts.get(facet.value(row)) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count, word: facet.word(value) }))
    .sort((a, b) => a.word.localeCompare(b.word));
}

export function ordered<T>(rows: T[], column: Column<T> | undefined, isDescending: boolean): T[] {
  if (!column) return rows;
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compared(column.value(a), column.value(b)));
}

function compared(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

// A spreadsheet takes a cell that begins so for a formula; stations choose many of these texts.
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

export function csv<T>(columns: Column<T>[], rows: T[]): string {
  const quoted = (value: Cell) => {
    const text = value === null ? "" : String(value);
    const isText = typeof value === "string" && FORMULA.test(text);
    return `"${(isText ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const lines = [
    columns.map((each) => quoted(each.title)),
    ...rows.map((row) => columns.map((each) => quoted(each.value(row)))),
  ];
  return lines.map((line) => line.join(",")).join("\r\n");
}

/** Hand a file to the user. */
export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
