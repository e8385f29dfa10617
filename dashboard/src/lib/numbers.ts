/// Numbers as people read them.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/// 1,234,567
export function int(value: number): string {
  return grouped.format(value);
}

/// 999, 1.2k, 34k, 1.2M: for tiles and axes.
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size < 1_000) return size > 0 && size < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value));
  for (const [limit, unit, name] of [
    [999_500, 1_000, 'k'],
    [999_500_000, 1_000_000, 'M'],
    [Infinity, 1_000_000_000, 'G'],
  ] as const) {
    if (size < limit) {
      const scaled = value / unit;
      return `${Number(scaled.toFixed(Math.abs(scaled) < 10 ? 1 : 0))}${name}`;
    }
  }
  return String(value);
}

/// A share of 0..1. Never rounded up to 100 %, nor down to 0 %, where it is not.
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  if (share === 1) return '100%';
  if (share === 0) return '0%';
  const value = share * 100;
  if (value > 99.99) return '>99.99%';
  if (value < 0.01) return '<0.01%';
  const digits = value >= 99 || value < 1 ? 2 : 1;
  const floored = Math.floor(value * 10 ** digits + 1e-9) / 10 ** digits;
  return `${Number(floored.toFixed(digits))}%`;
}

/// So many a second: "0.02/s", "3.4/s", "1.2k/s".
export function perSecond(value: number): string {
  if (value === 0) return '0/s';
  if (value < 0.01) return '<0.01/s';
  if (value < 1) return `${Number(value.toFixed(2))}/s`;
  return `${compact(value)}/s`;
}

/// 512 B, 16 KiB, 1.5 MiB
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${Number(scaled.toFixed(scaled < 10 ? 1 : 0))} ${units[unit] ?? ''}`;
}

/// plural(1, 'event') "1 event", plural(1200, 'delivery', 'deliveries') "1,200 deliveries"
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${int(count)} ${count === 1 ? one : many}`;
}
