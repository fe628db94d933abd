/** Numbers, money and times as people read them. Must not know what they belong to. */

const usd = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 2,
});
const usdWhole = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 0,
});
const compactNumber = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumFractionDigits: 1,
});
const plainNumber = new Intl.NumberFormat("en-US");
const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Two digits under $100, none above. */
export function money(value: number): string {
  return value >= 100 ? usdWhole.format(value) : usd.format(value);
}

export const compact = (value: number): string => compactNumber.format(value);
export const count = (value: number): string => plainNumber.format(value);

/** "1 step", "2 steps", "1,240 events". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Milliseconds in the largest useful unit. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return span(ms);
}

/** Whole seconds, minutes, hours or days: for ages and waits. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** Milliseconds between two ISO times; `to` may be a clock reading. Null when unreadable. */
export function between(from: string | null | undefined, to: string | number): number | null {
  if (!from) return null;
  const start = Date.parse(from);
  const end = typeof to === "number" ? to : Date.parse(to);
  return Number.isNaN(start) || Number.isNaN(end) ? null : Math.max(0, end - start);
}

export const clock = (iso: string): string =>
  Number.isNaN(Date.parse(iso)) ? "" : clockTime.format(Date.parse(iso));

export const moment = (iso: string): string =>
  Number.isNaN(Date.parse(iso)) ? iso : fullTime.format(Date.parse(iso));
